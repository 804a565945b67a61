import FTPClient

extension ListingRow {
  /// `dir` and its imitations: IIS, Windows CE, the command line of Windows.
  static let windows = [
    ListingRow("04-27-00  09:09PM       <DIR>          licensed", .directory, "licensed", nil, "2000-04-27 21:09"),
    ListingRow("04-14-00  03:47PM                  589 readme.htm", .file, "readme.htm", 589, "2000-04-14 15:47"),
    ListingRow("05-26-1995  10:57AM               143712 $LDR$", .file, "$LDR$", 143_712, "1995-05-26 10:57"),
    ListingRow(
      "05-22-97  12:08AM                  5000000000 10 years and under", .file, "10 years and under", 5_000_000_000,
      "1997-05-22 00:08"),
    ListingRow(
      "04-27-00  12:09PM       <DIR>          16-dos-dateambiguous dir", .directory, "16-dos-dateambiguous dir", nil,
      "2000-04-27 12:09"),
    ListingRow(
      "12-03-96  06:38AM       <DIR>          123 abc xyz", .directory, "123 abc xyz", nil, "1996-12-03 06:38"),
    // The padding behind <DIR> is ten blanks; more of them, and a second one behind a size, belong to the name.
    ListingRow(
      "12-03-96  06:38PM       <DIR>           leading", .directory, " leading", nil, "1996-12-03 18:38"),
    ListingRow("12-03-96  06:38PM                    7  leading ", .file, " leading ", 7, "1996-12-03 18:38"),
    ListingRow("12-03-96  06:38PM  <DIR> close", .directory, "close", nil, "1996-12-03 18:38"),
    // 24 hours, as on Windows CE.
    ListingRow("12-05-96  17:03         <DIR>          absoft2", .directory, "absoft2", nil, "1996-12-05 17:03"),
    ListingRow(
      "09-13-10  13:08                   23 Control Panel.lnk", .file, "Control Panel.lnk", 23, "2010-09-13 13:08"),
    // Four digits for the year, at either end.
    ListingRow("2002-09-02  18:48       <DIR>          18-dos dir", .directory, "18-dos dir", nil, "2002-09-02 18:48"),
    ListingRow(
      "2002-09-02  19:06                9,730 19-dos-longyear file", .file, "19-dos-longyear file", 9730,
      "2002-09-02 19:06"),
    // The command line of Windows: a blank before AM, links, thousands separated in the manner of the country.
    ListingRow("07/14/2009  07:08 AM    <DIR>          Windows", .directory, "Windows", nil, "2009-07-14 07:08"),
    ListingRow(
      "07/14/2009  07:08 AM         1,234,567,890 a.iso", .file, "a.iso", 1_234_567_890, "2009-07-14 07:08"),
    ListingRow(
      #"07/14/2009  07:08 AM    <JUNCTION>     Documents and Settings [C:\Users]"#, .link, "Documents and Settings",
      nil, "2009-07-14 07:08", target: #"C:\Users"#),
    ListingRow(
      #"31.12.2019  23:59    <SYMLINKD>     latest [..\v2 [new]]"#, .link, "latest", nil, "2019-12-31 23:59",
      target: #"..\v2 [new]"#),
    ListingRow("07/14/2009  07:08 AM    <SYMLINK>      a.txt", .link, "a.txt", nil, "2009-07-14 07:08"),
    ListingRow("31.12.2019  23:59         1.234.567 Größe.txt", .file, "Größe.txt", 1_234_567, "2019-12-31 23:59"),
    ListingRow(
      "31/12/2019  23:59         1\u{A0}234\u{A0}567 fran\u{E7}ais", .file, "fran\u{E7}ais", 1_234_567,
      "2019-12-31 23:59", encode: latin),
    // Numbers in every order, where only one fits, where custom decides, and where the caller knows.
    ListingRow("20-05-97  03:31PM                  681 .bash_history", .file, ".bash_history", 681, "1997-05-20 15:31"),
    ListingRow("97-05-20  03:31PM                  681 x", .file, "x", 681, "1997-05-20 15:31"),
    ListingRow("04-05-06  03:31PM                  681 x", .file, "x", 681, "2006-04-05 15:31"),
    ListingRow("04.05.06  15:31                  681 x", .file, "x", 681, "2006-05-04 15:31"),
    ListingRow("04-05-06  03:31PM                  681 x", .file, "x", 681, "2006-05-04 15:31", order: .dayMonthYear),
    ListingRow("04-05-06  03:31PM                  681 x", .file, "x", 681, "2004-05-06 15:31", order: .yearMonthDay),
    ListingRow("04-27-00  03:31PM                  681 x", .file, "x", 681, "2000-04-27 15:31", order: .dayMonthYear),
  ]
}
