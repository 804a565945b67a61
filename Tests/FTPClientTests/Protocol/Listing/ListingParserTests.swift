import FTPClient
import Testing

extension ClientTests {
  @Suite struct ListingParserTests {
    @Test(arguments: ListingRow.all)
    func `a line is read`(_ row: ListingRow) {
      #expect(parsed([row.line], order: row.order) == [.entry(row.entry)])
    }

    @Test func `every format is in the table many times`() {
      let counts = [
        ListingRow.unix, ListingRow.servers, ListingRow.windows, ListingRow.vms, ListingRow.mainframe,
        ListingRow.others,
      ].map(\.count)
      #expect(counts.allSatisfy { $0 >= 20 })
    }

    @Test func `what came before a line does not change what it says`() {
      let rows = ListingRow.all.filter { $0.order == nil }
      for before in rows.indices.filter({ $0 % 3 == 0 }).map({ rows[$0] }) {
        var parser = ListingParser(now: ListingRow.now)
        for row in rows {
          _ = parser.append(before.line)
          #expect(parser.append(row.line) == [.entry(row.entry)], "\(shown(row.line)) after \(shown(before.line))")
        }
      }
    }

    // MARK: Lines that are no files

    static let headings = [
      "", "   ", "total 12", "total 0", "Total 17904", "total 4.0K", "insgesamt 12", "итого 12", "----------",
      "Total of 6 files, 17/90 blocks.", "Total of 1 file, 2 blocks.", "Total 14 files",
      "Grand total of 2 directories, 8 files, 30/60 blocks.",
      "Directory DISK$USER:[ANONYMOUS.SUB]", "Directory ANONYMOUS_ROOT:[000000]",
      #" Directory of C:\Inetpub\ftproot"#, " Volume in drive C is SYSTEM", " Volume Serial Number is 1234-ABCD",
      "               3 File(s)      1,234,567 bytes", "               2 Dir(s)  10,123,456,789 bytes free",
      "./sub dir:", ".:", "/pub/gnu:", #"d:\pub\gnu:"#, "pub/:",
      "Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname",
      "Volume Referred      Ext      Used Recfm Lrecl BlkSz Dsorg Dsname",
      " Name     VV.MM   Created       Changed      Size  Init   Mod   Id",
      " Name      Size     TTR   Alias-of AC --------- Attributes --------- Amode Rmode",
      "JOBNAME  JOBID    OWNER    STATUS CLASS", "File         Code             EOF  Last Modification    Owner  RWEP",
    ]

    @Test(arguments: headings)
    func `a heading is told apart from files`(_ line: String) {
      #expect(parsed([bytes("-rw-r--r-- 1 u g 7 Mar  2 15:13 x"), bytes(line)]).last == .heading(bytes(line)))
    }

    static let raw = [
      "nothere: No such file or directory", "ls: cannot access 'x': Permission denied", "README", "two words",
      "total", "totally.txt", "total recall", "Directory", "Volume", "name:",
      "ftpd: .: Permission denied", "ls: .: EDC5111I Permission denied.", "-rw-r--r-- ftp ftp",
      "-rw-r--r-- 1 ftp ftp 528 Foo 01 2007 README", "drwxr-xr-x   folder     0 May 15 18:11",
      "drwxrwxrwx 2 root root  4096 2012-30-07 00:31 notas_servico",
      // Broken dates, and dates that no calendar has, are not read as a part of the name.
      "drwxr-xr-x   2 root     root         4096 Jam  4 00:03 zziplib",
      "drwxr-xr-x   2 root     99           4096 Feb 23 30:01 zzplayer",
      "drwxr-xr-x   2 root     root         4096 Aug 36  2001 zztpp",
      "drwxr-xr-x   2 root     root         4096 Feb 30  2001 zztpp",
      "-rw-r--r--   1 14       staff       80284 Aug 22  zxJDBC-1.2.3.tar.gz",
      "-rw-r--r--   1 root     root       111325 Apr -7 18:79 zxJDBC-2.0.1b1.tar.gz",
      "drwxr-xr-x    3 110      1002            3 Dec 02  209 pub",
      // Too little of a format.
      "-rw-r--r--   1 root     other        531 Jan 29 03:26", "-rw-r--r--   1 root     other        531 Jan 29 03:26 ",
      "drwxr-xr-x", "?????????? ? ? ? ?            ? broken", "000000000x ", "+i1,m2,r", "+i1,m2,r,\t",
      "11-02-09  05:32PM       <GARBAGE>      NT", "11-FEB-09 05:32PM       <DIR>          NT",
      "11-02     05:32PM       <DIR>          NT", "11-02-09  05:32PM                 -1   NT",
      "11-02-09  13:32PM       <DIR>          NT", "11-02-09  05:32PM       <DIR>", "13-13-09  05:32PM  7 x",
      "README.TXT 2 18-APR-2000 10:40:39", "README.TXT;1 garbage,more 18-APR-2000 10:40:39",
      "README.TXT;1 -2 18-APR-2000 10:40:39", "README.TXT;1 2 APR-2000 10:40:39", "DATA.DIR; 1  1/9  2-JUN-1998",
      "120196.TXT;1 118/126 14-APR-1997 12:45:27 PM  [GROUP,OWNER]    (RWED,,RWED,RE)",
      "A.;2  18/18  1-JUL-1998 08:43:20  [GROUP,OWNER]    (RWED2,RWED,RWED,RE)",
      "X.TXT;2 1 12-MAR-2005 08:44:57 [X] (RWED,RWED,Q,RE)",
      "     0    rsa    DIR   11-25-97   09:42  junk", "587823    RSA    DIR   Jan-08-97   13:58  OS2KRNL",
      " 33280      A          1997-02-31  13:49  OS2LDR", "0  DIR   13-05-97   25:49  MPTN",
      "a [-----F--] SCION_SYS                         512 Apr 13 23:52 SYS",
      "d [----AF--]          0                        512 10-04-2001",
      "PEP              4019 04/03/18 18:58:16 STMF       einladung.zip",
      "PEP               422 03/24 14:06:26 *STMF      readme",
      "PEP USR         36864 04/03/24 14:06:34 *DIR       dir1/",
      "QPGMR          135168 04/03/18 13:18:19 *FILE", "QPGMR                                   *MEM       ",
      "MigratedP201.$FTXPBI1.$CF2ITB.$AAB0402.I", "PSMLC133902005/04/041VB2799427998PSfile1.I", "file2.O",
      "OS3DLB Not Mounted                                      'SYS1.AHELP'",
      "modify=20150806235817;invalid;UNIX.owner=0; movies", "type=file;", "size=1; no type", "type=x no semicolon",
      "an *OBJ name",
    ]

    @Test(arguments: raw)
    func `a line in no known format comes back as it was`(_ line: String) {
      #expect(parsed([bytes("-rw-r--r-- 1 u g 7 Mar  2 15:13 x"), bytes(line)]).last == .raw(bytes(line)))
    }

    @Test func `the name of a directory alone is a heading after an empty line and at the beginning`() {
      let lines = ["sub dir:", "x:", "", "sub dir/deep:", "", "deep:"].map(bytes)
      #expect(
        parsed(lines) == [
          .heading(lines[0]), .raw(lines[1]), .heading(lines[2]), .heading(lines[3]), .heading(lines[4]),
          .heading(lines[5]),
        ])
    }

    // MARK: Lines that need another line

    @Test func `a name of VMS may stand on a line of its own`() {
      let lines = [
        "Directory USER1:[TEMP]", "", "UCX$REXECD_STARTUP.LOG;1098",
        "                         4/15         24-FEB-2003 13:17:24  [POSTWARE,LP]    (RWED,RWED,RE,)",
        "UNZIP_AND_ATTACH_FILES.COM;12  ", "14/15         24-JUL-2002 14:35:40  [TRANSLATED]    (RWE,RWE,RWE,RE)",
        "LONG_NAME_OF_A_DIRECTORY.DIR;1", "   1  2-JUL-2003 10:30:08.59", "", "Total of 3 files.",
      ].map(bytes)
      let entries = [
        ListingRow(
          "", .file, "UCX$REXECD_STARTUP.LOG;1098", 2048, "2003-02-24 13:17:24", "LP", "POSTWARE",
          permissions: "RWED,RWED,RE,"),
        ListingRow(
          "", .file, "UNZIP_AND_ATTACH_FILES.COM;12", 7168, "2002-07-24 14:35:40", "TRANSLATED",
          permissions: "RWE,RWE,RWE,RE"),
        ListingRow("", .directory, "LONG_NAME_OF_A_DIRECTORY", 512, "2003-07-02 10:30:08"),
      ].map { ListingParser.Line.entry($0.entry) }
      #expect(
        parsed(lines) == [.heading(lines[0]), .heading(lines[1])] + entries
          + [.heading(lines[8]), .heading(lines[9])])
    }

    @Test func `a line of VMS that is not continued comes back, and so does the one after it`() {
      var parser = ListingParser(now: ListingRow.now)
      #expect(parser.append(bytes("A.TXT;1")) == [])
      #expect(parser.append(bytes("B.TXT;1")) == [.raw(bytes("A.TXT;1"))])
      #expect(parser.append(bytes("")) == [.raw(bytes("B.TXT;1")), .heading([])])
      #expect(parser.append(bytes("C.TXT;1")) == [])
      #expect(parser.finish() == [.raw(bytes("C.TXT;1"))])
      #expect(parser.finish() == [])
    }

    @Test(arguments: ListingRow.all.filter { $0.order == nil })
    func `a whole line does not continue a name of VMS`(_ row: ListingRow) {
      #expect(parsed([bytes("A.TXT;1"), row.line]) == [.raw(bytes("A.TXT;1")), .entry(row.entry)])
    }

    @Test func `below the titles of z-OS the column tells the name whatever stands before it`() {
      let title = bytes("Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname")
      let lines = [
        "OS3DLB Not Mounted                                      'SYS1.AHELP'",
        "Error determining attributes                            'SYS1.JES3CKPT'",
        "ARCIVE Not Direct Access Device                         HLQ.PROJ.NONDASD",
        "User catalog connector                                  HLQ.UCAT",
      ].map(bytes)
      let names = ["'SYS1.AHELP'", "'SYS1.JES3CKPT'", "HLQ.PROJ.NONDASD", "HLQ.UCAT"]
      #expect(parsed(lines) == lines.map { .raw($0) })
      #expect(
        parsed([title] + lines) == [.heading(title)] + names.map { .entry(ListingEntry(name: bytes($0), kind: .file)) })
      // In another column nothing is known; and another heading ends it.
      #expect(
        parsed([title, bytes("Error determining attributes 'X'")]).last
          == .raw(bytes("Error determining attributes 'X'")))
      #expect(parsed([title, bytes("total 12"), lines[1]]).last == .raw(lines[1]))
    }

    @Test func `below the titles of a library of z-OS a name alone is a member`() {
      let title = bytes(" Name     VV.MM   Created       Changed      Size  Init   Mod   Id")
      let lines = ["SAVE04                                                              ", "TOTAL"].map(bytes)
      #expect(parsed(lines) == lines.map { .raw($0) })
      #expect(
        parsed([title] + lines) == [
          .heading(title), .entry(ListingEntry(name: bytes("SAVE04"), kind: .file)),
          .entry(ListingEntry(name: bytes("TOTAL"), kind: .file)),
        ])
    }

    // MARK: Years that the line leaves out

    /// `now`, the date as listed, and the date that it is.
    static let years: [(String, String, String)] = [
      ("2026-11-25 21:09", "Nov 25 21:09", "2026-11-25 21:09"),
      ("2026-11-25 21:09", "Nov 25 21:10", "2026-11-25 21:10"),
      ("2026-11-25 21:09", "Nov 26 21:09", "2026-11-26 21:09"),
      ("2026-11-25 21:09", "Nov 26 21:10", "2025-11-26 21:10"),
      ("2026-11-25 21:09", "Dec 31 23:59", "2025-12-31 23:59"),
      // The turn of the year, on either side of the client's.
      ("2026-12-31 12:00", "Jan  1 02:00", "2027-01-01 02:00"),
      ("2027-01-01 00:01", "Dec 31 23:59", "2026-12-31 23:59"),
      ("2027-01-01 00:01", "Jan  2 00:01", "2027-01-02 00:01"),
      ("2027-01-01 00:01", "Jan  2 00:02", "2026-01-02 00:02"),
      // The leap day is that of the latest leap year; between 1896 and 1904 there was none.
      ("2024-02-28 12:00", "Feb 29 12:00", "2024-02-29 12:00"),
      ("2024-02-28 11:59", "Feb 29 12:00", "2020-02-29 12:00"),
      ("2026-11-25 21:09", "Feb 29 12:00", "2024-02-29 12:00"),
      ("1904-02-01 00:00", "Feb 29 12:00", "1896-02-29 12:00"),
      ("2026-11-25 21:09", "Nov 26 24:00", "2025-11-27 00:00"),
      ("2026-11-25 21:09", "Dec 31 24:00", "2026-01-01 00:00"),
    ]

    @Test(arguments: years)
    func `a year is the latest that is not more than a day ahead`(_ now: String, _ listed: String, _ time: String)
      throws
    {
      let seconds = try #require(Self.seconds(now))
      let lines = parsed([bytes("-rw-r--r--   1 root     other        531 \(listed) x")], now: seconds)
      guard case .entry(let entry)? = lines.first else {
        Issue.record("no entry in \(lines)")
        return
      }
      #expect(entry.modified == ListingRow.time(time))
    }

    /// Seconds since 1970, counted day by day.
    static func seconds(_ text: String) -> Int64? {
      guard let goal = ListingRow.time(text) else { return nil }
      var (year, days) = (1970, 0)
      func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
      }
      while year < goal.year {
        days += isLeap(year) ? 366 : 365
        year += 1
      }
      while year > goal.year {
        year -= 1
        days -= isLeap(year) ? 366 : 365
      }
      let months = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      days += months.prefix(goal.month - 1).reduce(0, +) + goal.day - 1
      return Int64(days * 86400 + goal.hour * 3600 + goal.minute * 60 + goal.second)
    }

    @Test(arguments: [Int64.min, -62_135_596_801, -1, 0, 253_402_300_800, .max])
    func `any clock is survived`(_ now: Int64) {
      for row in ListingRow.all {
        var parser = ListingParser(now: now)
        #expect((parser.append(row.line) + parser.finish()).count == 1)
      }
    }

    @Test func `every week of four centuries is told by its seconds`() {
      for seconds in stride(from: Int64(0), through: 146_097 * 86400, by: 7 * 86400 + 3661) {
        guard case .entry(let entry)? = parsed([bytes("+m\(seconds),\tx")]).first, let time = entry.modified else {
          Issue.record("no time for \(seconds)")
          return
        }
        #expect(Self.seconds(time.timestamp.dashed) == seconds)
      }
    }
  }
}

extension [UInt8] {
  /// `YYYYMMDDhhmmss` as `ListingRow.time` reads it.
  fileprivate var dashed: String {
    let text = Array<Character>(String(decoding: self, as: UTF8.self))
    guard text.count == 14 else { return "" }
    let parts = [0..<4, 4..<6, 6..<8, 8..<10, 10..<12, 12..<14].map { String(text[$0]) }
    return parts.joined(separator: "-")
  }
}
