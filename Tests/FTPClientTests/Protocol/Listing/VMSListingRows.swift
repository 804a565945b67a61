import FTPClient

extension ListingRow {
  /// OpenVMS, with the servers of Digital, MultiNet and others.
  static let vms = [
    ListingRow("README.TXT;4  2  18-APR-2000 10:40:39.90", .file, "README.TXT;4", 1024, "2000-04-18 10:40:39"),
    ListingRow(".WELCOME;1    2  13-FEB-2002 23:32:40.47", .file, ".WELCOME;1", 1024, "2002-02-13 23:32:40"),
    ListingRow("FILE.;1    2  13-FEB-2002 23:32:40.47", .file, "FILE.;1", 1024, "2002-02-13 23:32:40"),
    ListingRow(
      "00README.TXT;1      2 30-DEC-1996 17:44 [SYSTEM] (RWED,RWED,RE,RE)", .file, "00README.TXT;1", 1024,
      "1996-12-30 17:44", "SYSTEM", permissions: "RWED,RWED,RE,RE"),
    ListingRow(
      "CORE.DIR;1          1  8-SEP-1996 16:09 [SYSTEM] (RWE,RWE,RE,RE)", .directory, "CORE", 512, "1996-09-08 16:09",
      "SYSTEM", permissions: "RWE,RWE,RE,RE"),
    ListingRow(
      "CII-MANUAL.TEX;1  213/216  29-JAN-1996 03:33:12  [ANONYMOU,ANONYMOUS]   (RWED,RWED,,)", .file,
      "CII-MANUAL.TEX;1", 109_056, "1996-01-29 03:33:12", "ANONYMOUS", "ANONYMOU", permissions: "RWED,RWED,,"),
    ListingRow(
      "1-JUN.LIS;1              9/9           2-jun-1998 07:32:04  [GROUP,OWNER]    (RWED,RWED,RWED,RE)", .file,
      "1-JUN.LIS;1", 4608, "1998-06-02 07:32:04", "OWNER", "GROUP", permissions: "RWED,RWED,RWED,RE"),
    ListingRow(
      "36-vms-dir.DIR;1  1 19-NOV-2001 21:41 [root,root] (RWE,RWE,RE,RE)", .directory, "36-vms-dir", 512,
      "2001-11-19 21:41", "root", "root", permissions: "RWE,RWE,RE,RE"),
    // Without a time, with the month in another language, with an owner without brackets.
    ListingRow(
      "38-vms-notime-file;1    2/8    7-JAN-2000    [IV2_XXX]   (RWED,RWED,RE,)", .file, "38-vms-notime-file;1", 1024,
      "2000-01-07", "IV2_XXX", permissions: "RWED,RWED,RE,"),
    ListingRow(
      "39-vms-notime-file;1    6/8    15-JUI-2002    PRONAS   (RWED,RWED,RE,)", .file, "39-vms-notime-file;1", 3072,
      "2002-07-15", "PRONAS", permissions: "RWED,RWED,RE,"),
    // Other orders.
    ListingRow(
      "42-vms-alternate-field-order-file;1   [SUMMARY]    1/3     2-AUG-2006 13:05  (RWE,RWE,RE,)", .file,
      "42-vms-alternate-field-order-file;1", 512, "2006-08-02 13:05", "SUMMARY", permissions: "RWE,RWE,RE,"),
    ListingRow(
      "43-vms-alternate-field-order-file;1       17-JUN-1994 17:25:37     6308/13     (RWED,RWED,R,)", .file,
      "43-vms-alternate-field-order-file;1", 3_229_696, "1994-06-17 17:25:37", permissions: "RWED,RWED,R,"),
    // Sizes with a unit, too wide for their column, and beyond 64 bits.
    ListingRow(
      "56-VMS-complex-size;1 2KB 23-SEP-2005 14:57:07.27", .file, "56-VMS-complex-size;1", 2048,
      "2005-09-23 14:57:07"),
    ListingRow(
      "VMS721.ISO;2 ******  6-MAY-2008 09:29 [ANONY,ANONYMOUS] (RE,RWED,RE,RE)", .file, "VMS721.ISO;2", nil,
      "2008-05-06 09:29", "ANONYMOUS", "ANONY", permissions: "RE,RWED,RE,RE"),
    ListingRow(
      "ANNOUNCE.TXT;2 1/9223372036854775807 12-MAR-2005 08:44:57 [SYSTEM] (,,,)", .file, "ANNOUNCE.TXT;2", 512,
      "2005-03-12 08:44:57", "SYSTEM", permissions: ",,,"),
    ListingRow(
      "README.TXT;1  19223372036854775807/19223372036854775807  18-APR-2000 10:40:39.90", .file, "README.TXT;1", nil,
      "2000-04-18 10:40:39"),
    // An owner that was cut off, and one with blanks inside.
    ListingRow(
      "FREEWARE40.DIR;1        27/36         16-FEB-1999 10:01:46  [AP_HTTPD,APACHE$WWW   (RWE,RWE,RE,RE)", .directory,
      "FREEWARE40", 13824, "1999-02-16 10:01:46", "APACHE$WWW", "AP_HTTPD", permissions: "RWE,RWE,RE,RE"),
    ListingRow(
      "A.B;1  27  16-FEB-1999 10:01:46  [ G1 , O1 ]   (RWE,RWE,RE,RE)", .file, "A.B;1", 13824, "1999-02-16 10:01:46",
      "O1", "G1", permissions: "RWE,RWE,RE,RE"),
    // What the user may not look at.
    ListingRow("SECRET.DIR;1  insufficient privilege or object protection violation", .directory, "SECRET"),
    ListingRow("A.TXT;1  %RMS-E-PRV, insufficient privilege or file protection violation", .file, "A.TXT;1"),
  ]
}
