import FTPClient

extension ListingRow {
  /// OS/2, NetWare, EPLF, facts, and servers that nobody else imitates.
  static let others = [
    // OS/2, whose year is counted from 1900.
    ListingRow("36611      A    04-23-103  10:57  24-os2 file", .file, "24-os2 file", 36611, "2003-04-23 10:57"),
    ListingRow(" 1123      A    07-14-99   12:37  25-os2 file", .file, "25-os2 file", 1123, "1999-07-14 12:37"),
    ListingRow("    0 DIR       02-11-103  16:15  26-os2 dir", .directory, "26-os2 dir", 0, "2003-02-11 16:15"),
    ListingRow(" 1123 DIR  A    10-05-100  23:38  27-os2 dir", .directory, "27-os2 dir", 1123, "2000-10-05 23:38"),
    ListingRow("587823    RSA    DIR   01-08-97   13:58  OS2KRNL", .directory, "OS2KRNL", 587_823, "1997-01-08 13:58"),
    ListingRow(
      "     0           DIR   05-12-97   16:52  Maintenance Desktop", .directory, "Maintenance Desktop", 0,
      "1997-05-12 16:52"),
    ListingRow("     0           DIR   05-19-2000 12:56  local", .directory, "local", 0, "2000-05-19 12:56"),
    // NetWare.
    ListingRow(
      "d [R----F--] supervisor            512       Jan 16 18:53    login", .directory, "login", 512,
      "2026-01-16 18:53", "supervisor", permissions: "[R----F--]"),
    ListingRow(
      "- [R----F--] rhesus             214059       Oct 20 15:27    cx.exe", .file, "cx.exe", 214_059,
      "2026-10-20 15:27", "rhesus", permissions: "[R----F--]"),
    ListingRow(
      "- [RWCEAFMS] rwinston                        19968 Mar 12 15:20 Executive Summary.doc", .file,
      "Executive Summary.doc", 19968, "2026-03-12 15:20", "rwinston", permissions: "[RWCEAFMS]"),
    ListingRow(
      "d [RWCEAFMS] rwinston                          512 Nov 24  2005 Favorites", .directory, "Favorites", 512,
      "2005-11-24", "rwinston", permissions: "[RWCEAFMS]"),
    // EPLF: UTC.
    ListingRow(
      "+i8388621.48594,m825718503,r,s280,\tdjb.html", .file, "djb.html", 280, "1996-03-01 22:15:03Z"),
    ListingRow("+i8388621.50690,m824255907,/,\t514", .directory, "514", nil, "1996-02-13 23:58:27Z"),
    ListingRow(
      "+i8388621.48594,m825718503,r,s280,up755\t 14-eplf\tfile ", .file, " 14-eplf\tfile ", 280, "1996-03-01 22:15:03Z",
      mode: 0o755, permissions: "755"),
    ListingRow("+m99999999999999999999,s18446744073709551616,r,\thuge", .file, "huge"),
    ListingRow("+\tnothing known", .other, "nothing known"),
    // Facts: UTC.
    ListingRow(
      "modify=20150813175250;perm=adfr;size=951;type=file;unique=119FBB87UE;UNIX.group=0;UNIX.mode=0644;UNIX.owner=0;"
        + " welcome.msg", .file, "welcome.msg", 951, "2015-08-13 17:52:50Z", "0", "0", mode: 0o644),
    ListingRow("Type=pdir;Modify=20150813224845; ..", .directory, "..", nil, "2015-08-13 22:48:45Z"),
    ListingRow("type=OS.unix=slink:/foo; 76 MLSD symlink", .link, "76 MLSD symlink", target: "/foo"),
    ListingRow("type=OS.UNIX=symlink; 76b MLSD symlink", .link, "76b MLSD symlink"),
    ListingRow("Type=OS.unix=chr-13/29;Perm=;Unique=keVO1+5G4; device", .other, "device"),
    ListingRow("Type=file; \t leading and trailing\t ", .file, "\t leading and trailing\t "),
    ListingRow("type=file 77 MLSD file", .file, "77 MLSD file"),
    ListingRow(
      "size=1365694195;type=file;modify=20090722092510;\tadsl TV 2009-07-22 08-25-10", .file,
      "adsl TV 2009-07-22 08-25-10", 1_365_694_195, "2009-07-22 09:25:10Z"),
    // Numbers for everything.
    ListingRow(
      "0100644   500  101   12345    123456789       20-unix-numerical file", .file, "20-unix-numerical file", 12345,
      "1973-11-29 21:33:09Z", "500", "101", mode: 0o644, permissions: "0100644"),
    ListingRow(
      "0041777   0  0   4096    951782400       tmp", .directory, "tmp", 4096, "2000-02-29 00:00:00Z", "0", "0",
      mode: 0o1777, permissions: "0041777"),
    // VShell.
    ListingRow(
      "206876  Apr 04, 2000 21:06 21-vshell-old file", .file, "21-vshell-old file", 206_876, "2000-04-04 21:06"),
    ListingRow("0  Dec 12, 2002 02:13 22-vshell-old dir/", .directory, "22-vshell-old dir", 0, "2002-12-12 02:13"),
    // Routers of Nortel: wfFtp and VxWorks.
    ListingRow(
      "48-nortel-wfftp-file       1014196  06/03/04  Thur.   10:20:03", .file, "48-nortel-wfftp-file", 1_014_196,
      "2004-06-03 10:20:03"),
    ListingRow(
      "2048    Feb-28-1998  05:23:30   49-nortel-vxworks dir <DIR>", .directory, "49-nortel-vxworks dir", 2048,
      "1998-02-28 05:23:30"),
    ListingRow("1536    Dec-31-1999  23:59:59   boot.cfg", .file, "boot.cfg", 1536, "1999-12-31 23:59:59"),
    // Connect:Enterprise.
    ListingRow(
      "-C--E-----FTP B BCC3I1       7670  1294495 Jan 13 07:42 50-conent file", .file, "50-conent file", 1_294_495,
      "2026-01-13 07:42", "BCC3I1", "7670", permissions: "-C--E-----FTP"),
    ListingRow(
      "-AR--M----TCP B ceunix      17570  2313708 Mar 29 08:56 45-conent-file", .file, "45-conent-file", 2_313_708,
      "2026-03-29 08:56", "ceunix", "17570", permissions: "-AR--M----TCP"),
    // OS-9: the year first.
    ListingRow(
      "20.20 07/03/29 1026 d-ewrewr 2650 85920 51-OS-9 dir", .directory, "51-OS-9 dir", 85920, "2007-03-29 10:26", "20",
      "20", permissions: "d-ewrewr"),
    ListingRow(
      "0.7 96/12/03 2359 ----r-wr 1A9F 512 startup", .file, "startup", 512, "1996-12-03 23:59", "7", "0",
      permissions: "----r-wr"),
  ]
}
