import FTPClient

extension ListingRow {
  /// `ls -l` and its imitations. Most lines are from the tests of FileZilla, Commons Net, FluentFTP and jlaffaye/ftp,
  /// and from Bernstein's ftpparse; expectations are our own.
  static let unix = [
    ListingRow(
      "-rw-r--r--   1 root     other        531 Jan 29 03:26 README", .file, "README", 531, "2026-01-29 03:26", "root",
      "other", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "dr-xr-xr-x   2 root     other        512 Apr  8  1994 etc", .directory, "etc", 512, "1994-04-08", "root",
      "other", links: 2, mode: 0o555, permissions: "dr-xr-xr-x"),
    // No group; no owner; neither; no count of links.
    ListingRow(
      "dr-xr-xr-x   2 root                  512 Apr  8  1994 03-unix-nogroup dir", .directory, "03-unix-nogroup dir",
      512, "1994-04-08", "root", links: 2, mode: 0o555, permissions: "dr-xr-xr-x"),
    ListingRow(
      "drwxr-xr-x 1 usernameftp 512 Jan 29 23:32 prog", .directory, "prog", 512, "2026-01-29 23:32", "usernameftp",
      links: 1, mode: 0o755, permissions: "drwxr-xr-x"),
    ListingRow(
      "-rw-r--r--   1 1        3518644 May 25 12:12 std", .file, "std", 3_518_644, "2026-05-25 12:12", "1", links: 1,
      mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-r--r--r-- 0125039 12 Nov 11 2005 53-noownergroup file", .file, "53-noownergroup file", 12, "2005-11-11",
      links: 125_039, mode: 0o444, permissions: "-r--r--r--"),
    ListingRow(
      "-r-xr-xr-x owner group 4512 Jun 01 1999 x", .file, "x", 4512, "1999-06-01", "owner", "group", mode: 0o555,
      permissions: "-r-xr-xr-x"),
    ListingRow(
      "-rw-r--r-- 512 Jun 01 1999 x", .file, "x", 512, "1999-06-01", mode: 0o644, permissions: "-rw-r--r--"),
    // Numbers for names.
    ListingRow(
      "-rw-r--r--   1 500      500            21 Aug  8 14:14 JB3-TES1.gz", .file, "JB3-TES1.gz", 21,
      "2026-08-08 14:14", "500", "500", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-------      1  99999999 0              3 Apr   4 24:00 alternate_midnight", .file, "alternate_midnight", 3,
      "2026-04-05 00:00", "99999999", "0", links: 1, mode: 0o600, permissions: "-rw-------"),
    // Owners and groups with blanks.
    ListingRow(
      "drwxr-xr-x   2 john smith     test group         4096 Mar  2 15:13 zxbox", .directory, "zxbox", 4096,
      "2026-03-02 15:13", "john smith", "test group", links: 2, mode: 0o755, permissions: "drwxr-xr-x"),
    ListingRow(
      "drwxr-xr-x   2 john smith     group 4096 Mar  2 15:13 zxbox     ", .directory, "zxbox     ", 4096,
      "2026-03-02 15:13", "john smith", "group", links: 2, mode: 0o755, permissions: "drwxr-xr-x"),
    ListingRow(
      "drwx------ 4 maxm Domain Users 512 Oct 2 10:59 .metadata", .directory, ".metadata", 512, "2026-10-02 10:59",
      "maxm", "Domain Users", links: 4, mode: 0o700, permissions: "drwx------"),
    ListingRow(
      "-rw-r--r--   1 ftp      group with spaces in it as allowed in cygwin see bug 38634   83853 Jan 22  2001 a.gz",
      .file, "a.gz", 83853, "2001-01-22", "ftp", "group with spaces in it as allowed in cygwin see bug 38634",
      links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rwxr-xr-x   2 user     my group 500        5000000000 Mar  2 15:13 zxbox", .file, "zxbox", 5_000_000_000,
      "2026-03-02 15:13", "user", "my group 500", links: 2, mode: 0o755, permissions: "-rwxr-xr-x"),
    ListingRow(
      "-rw-r--r--   1 group domain user 531 Jan 29 03:26 13-unix-domain file", .file, "13-unix-domain file", 531,
      "2026-01-29 03:26", "group", "domain user", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    // Columns that ran together.
    ListingRow(
      "-r-xr-xr-x longowner longgroup123456 Feb 12 17:20 46-unix-concatsize file", .file, "46-unix-concatsize file",
      123_456, "2026-02-12 17:20", "longowner", "longgroup", mode: 0o555, permissions: "-r-xr-xr-x"),
    ListingRow(
      "drwxr-x---+1464 chrism   chrism     41472 Feb 25 13:17 20090225", .directory, "20090225", 41472,
      "2026-02-25 13:17", "chrism", "chrism", links: 1464, mode: 0o750, permissions: "drwxr-x---+"),
    ListingRow(
      "drwxr-xr-x1732 266      111        90112 Jun 21  2001 .rda_2", .directory, ".rda_2", 90112, "2001-06-21", "266",
      "111", links: 1732, mode: 0o755, permissions: "drwxr-xr-x"),
    // wu-ftpd without owners; a size beyond 32 bits; OS/2, Plan 9, HylaFAX.
    ListingRow(
      "lrwxrwxrwx 0  0 26 Sep 18 2008 pub -> vol/1/.CLUSTER/var_ftp/pub", .link, "pub", 26, "2008-09-18", "0", links: 0,
      mode: 0o777, permissions: "lrwxrwxrwx", target: "vol/1/.CLUSTER/var_ftp/pub"),
    ListingRow(
      "drwxr-xr-x   (?)      (?)          4096 Apr  8  2007 jigdo", .directory, "jigdo", 4096, "2007-04-08", "(?)",
      "(?)", mode: 0o755, permissions: "drwxr-xr-x"),
    ListingRow(
      "-rw-r--r--    1 ftp      ftp           -528 Nov 01  2007 README", .file, "README", nil, "2007-11-01", "ftp",
      "ftp", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-r--r--r--  1 ftp      -A---       13274 Mar  1  2006 UpTime.exe", .file, "UpTime.exe", 13274, "2006-03-01",
      "ftp", "-A---", links: 1, mode: 0o444, permissions: "-r--r--r--"),
    ListingRow(
      "ar-xr-xr-x   2 none     none         512 Apr 26 17:52 plan9", .file, "plan9", 512, "2026-04-26 17:52", "none",
      "none", links: 2, mode: 0o555, permissions: "ar-xr-xr-x"),
    ListingRow(
      "drwxrwx   2       10     4096 Jul 28 02:41 tmp", .directory, "tmp", 4096, "2026-07-28 02:41", "10", links: 2,
      permissions: "drwxrwx"),
    ListingRow(
      "drwxrwxr-x   1 500     244         660 Jan  1 00:0 bin", .directory, "bin", 660, "2026-01-01 00:00", "500",
      "244", links: 1, mode: 0o775, permissions: "drwxrwxr-x"),
    // Access control lists, security contexts, extended attributes; special bits.
    ListingRow(
      "-rwxrw-r--+  1 521      101         2080 May 21 10:53 data.csv", .file, "data.csv", 2080, "2026-05-21 10:53",
      "521", "101", links: 1, mode: 0o764, permissions: "-rwxrw-r--+"),
    ListingRow(
      "-rw-r--r--. 1 root root 7 May 21 10:53 selinux", .file, "selinux", 7, "2026-05-21 10:53", "root", "root",
      links: 1, mode: 0o644, permissions: "-rw-r--r--."),
    ListingRow(
      "drwx------@ 4 me  staff  136 Jan  5 11:23 Mac OS", .directory, "Mac OS", 136, "2026-01-05 11:23", "me", "staff",
      links: 4, mode: 0o700, permissions: "drwx------@"),
    ListingRow(
      "-rw-r--r-T   1 500      500             0 Mar 25 08:20 testSticky", .file, "testSticky", 0, "2026-03-25 08:20",
      "500", "500", links: 1, mode: 0o1644, permissions: "-rw-r--r-T"),
    ListingRow(
      "-rwsr-sr--   1 500      500             0 Mar 25 0:23 testSuidExec2", .file, "testSuidExec2", 0,
      "2026-03-25 00:23", "500", "500", links: 1, mode: 0o6754, permissions: "-rwsr-sr--"),
    ListingRow(
      "-rwSr-Sr-t   1 500      500             0 Mar 25 08:22 testSuid", .file, "testSuid", 0, "2026-03-25 08:22",
      "500", "500", links: 1, mode: 0o7645, permissions: "-rwSr-Sr-t"),
    ListingRow(
      "-rw-r-l---   1 root     sys             0 Mar 25 08:22 locked", .file, "locked", 0, "2026-03-25 08:22", "root",
      "sys", links: 1, mode: 0o2640, permissions: "-rw-r-l---"),
    // Letters in the wrong places are permissions, but no bits.
    ListingRow(
      "dxrwr-xr-x   2 root     root         4096 Aug 24  2001 zxjdbc", .directory, "zxjdbc", 4096, "2001-08-24", "root",
      "root", links: 2, permissions: "dxrwr-xr-x"),
    // Links: the size says which arrow is the one.
    ListingRow(
      "lrwxrwxrwx   1 root     other          7 Jan 25 00:17 bin -> usr/bin", .link, "bin", 7, "2026-01-25 00:17",
      "root", "other", links: 1, mode: 0o777, permissions: "lrwxrwxrwx", target: "usr/bin"),
    ListingRow(
      "lrwxrwxrwx   1 u g      6 Jan 25 00:17 a -> b -> c -> d", .link, "a -> b", 6, "2026-01-25 00:17", "u", "g",
      links: 1, mode: 0o777, permissions: "lrwxrwxrwx", target: "c -> d"),
    ListingRow(
      "lrwxrwxrwx   1 u g      0 Jan 25 00:17 a -> b -> c", .link, "a", 0, "2026-01-25 00:17", "u", "g", links: 1,
      mode: 0o777, permissions: "lrwxrwxrwx", target: "b -> c"),
    ListingRow(
      "lrw-r--r--   1 14       14          80284 Aug 22  2000 zxJDBC-1.2.3.tar.gz", .link, "zxJDBC-1.2.3.tar.gz",
      80284, "2000-08-22", "14", "14", links: 1, mode: 0o644, permissions: "lrw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 u g      7 Jan 25 00:17 no -> link", .file, "no -> link", 7, "2026-01-25 00:17", "u", "g",
      links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    // Devices, pipes, sockets, doors.
    ListingRow(
      "crw-r----- 1 root kmem 0, 27 Jan 30 11:42 kmem", .other, "kmem", nil, "2026-01-30 11:42", "root", "kmem",
      links: 1, mode: 0o640, permissions: "crw-r-----", device: .init(major: 0, minor: 27)),
    ListingRow(
      "crw-------   1 root     sys      109,767 Jul  2  2004 pci@1c,600000:devctl", .other, "pci@1c,600000:devctl", nil,
      "2004-07-02", "root", "sys", links: 1, mode: 0o600, permissions: "crw-------",
      device: .init(major: 109, minor: 767)),
    ListingRow(
      "crw-rw-rw-  1 root  wheel  0x1a Nov 11 10:58 null", .other, "null", nil, "2026-11-11 10:58", "root", "wheel",
      links: 1, mode: 0o666, permissions: "crw-rw-rw-"),
    ListingRow(
      "brw-r--r--   1 ftp      nogroup    126552 Jan 22  2001 block", .other, "block", 126_552, "2001-01-22", "ftp",
      "nogroup", links: 1, mode: 0o644, permissions: "brw-r--r--"),
    ListingRow(
      "prw-r--r--    1 1        0               0 Nov 25 21:09 fifo", .other, "fifo", 0, "2026-11-25 21:09", "1", "0",
      links: 1, mode: 0o644, permissions: "prw-r--r--"),
    ListingRow(
      "frw-r--r--   1 14       staff      119926 Aug 22  2000 zxJDBC-1.2.3.zip", .file, "zxJDBC-1.2.3.zip", 119_926,
      "2000-08-22", "14", "staff", links: 1, mode: 0o644, permissions: "frw-r--r--"),
    // Names: blanks, dates, digits.
    ListingRow(
      "-rwxr-xr-x    3 110      1002            1234567 Dec 02  2009  foo bar ", .file, " foo bar ", 1_234_567,
      "2009-12-02", "110", "1002", links: 3, mode: 0o755, permissions: "-rwxr-xr-x"),
    ListingRow(
      "drwxr-xr-x   2 u g         4096 Mar  2 15:13   zxbox", .directory, "  zxbox", 4096, "2026-03-02 15:13", "u", "g",
      links: 2, mode: 0o755, permissions: "drwxr-xr-x"),
    ListingRow(
      "-rw-rw-rw-   1 user group 5840 Mar 19 09:34 123 456 abc.csv", .file, "123 456 abc.csv", 5840,
      "2026-03-19 09:34", "user", "group", links: 1, mode: 0o666, permissions: "-rw-rw-rw-"),
    ListingRow(
      "-rw-r--r--   1 ftpuser  ftpusers 12414535 Mar 17 11:07 7 Jan 5 1999 abc.pdf", .file, "7 Jan 5 1999 abc.pdf",
      12_414_535, "2026-03-17 11:07", "ftpuser", "ftpusers", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "drwxrwxrwx   1 0        0               0 29 Jul 02:27 2014 Invoices", .directory, "2014 Invoices", 0,
      "2026-07-29 02:27", "0", "0", links: 1, mode: 0o777, permissions: "drwxrwxrwx"),
    // Windows servers, hostedftp.com, z/OS and OS/400 below the Unix root.
    ListingRow(
      "----------   1 owner    group         1803128 Jul 10 10:18 ls-lR.Z", .file, "ls-lR.Z", 1_803_128,
      "2026-07-10 10:18", "owner", "group", links: 1, mode: 0, permissions: "----------"),
    ListingRow(
      "-r--------   0 user group     65222236 Feb 24 00:39 RegularFile", .file, "RegularFile", 65_222_236,
      "2026-02-24 00:39", "user", "group", links: 0, mode: 0o400, permissions: "-r--------"),
    ListingRow(
      "-rw-rw----   1 YNSAS    SYS1     2723828 Dec  6  2021 t.out", .file, "t.out", 2_723_828, "2021-12-06", "YNSAS",
      "SYS1", links: 1, mode: 0o660, permissions: "-rw-rw----"),
    ListingRow(
      "d---rwxr-x   2 PEP      0          45056 Mar 24 14:06 dir1", .directory, "dir1", 45056, "2026-03-24 14:06",
      "PEP", "0", links: 2, mode: 0o075, permissions: "d---rwxr-x"),
    // `ls -i`, `ls -s`, `ls -is`; a reply of `STAT`, which begins with a blank.
    ListingRow(
      "131074 drwxr-xr-x 2 u g 4096 Mar  2 15:13 inode", .directory, "inode", 4096, "2026-03-02 15:13", "u", "g",
      links: 2, mode: 0o755, permissions: "drwxr-xr-x"),
    ListingRow(
      "131074 4 -rw-r--r-- 2 u g 4096 Mar  2 15:13 both", .file, "both", 4096, "2026-03-02 15:13", "u", "g",
      links: 2, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      " -rw-r--r--   1 ftptest  0               7 Oct 26 21:09  leading", .file, " leading", 7, "2026-10-26 21:09",
      "ftptest", "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    // NetPresenz and WebStar on the Mac: resource fork, data fork, sum; `folder` and the number of things in it.
    ListingRow(
      "-------r--         326  1391972  1392298 Nov 22  1995 MegaPhone.sit", .file, "MegaPhone.sit", 1_392_298,
      "1995-11-22", mode: 0o004, permissions: "-------r--"),
    ListingRow(
      "-rw-r--r--    78440       49231   127671 Jul 22 14:51 Filename with whitespace.jpg", .file,
      "Filename with whitespace.jpg", 127_671, "2026-07-22 14:51", mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--        0   18446744073709551615 18446744073709551615 Nov 16  2006 VIDEO_TS.VOB", .file,
      "VIDEO_TS.VOB", .max, "2006-11-16", mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "drwxrwxr-x               folder        2 May 10  1996 network", .directory, "network", nil, "1996-05-10",
      mode: 0o775, permissions: "drwxrwxr-x"),
    // Sizes with units and with thousands separated.
    ListingRow(
      "-rw-r--r--   1 root     other  33.5k Oct 5 21:22 08-unix-namedsize file", .file, "08-unix-namedsize file",
      34304, "2026-10-05 21:22", "root", "other", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 root     other  2M Oct 5 21:22 x", .file, "x", 2_097_152, "2026-10-05 21:22", "root", "other",
      links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 root     other  1,234,567 Oct 5 21:22 x", .file, "x", 1_234_567, "2026-10-05 21:22", "root",
      "other", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    // No date at all.
    ListingRow(
      "drwxr-xr-x 3 slopri devlab 512 71-unix-dateless", .directory, "71-unix-dateless", 512, nil, "slopri", "devlab",
      links: 3, mode: 0o755, permissions: "drwxr-xr-x"),
    // The order of month and day, numbers for months, ISO dates.
    ListingRow(
      "-rw-r--r--   1 root     other        531 3 29 03:26 02-unix-std file", .file, "02-unix-std file", 531,
      "2026-03-29 03:26", "root", "other", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 root     other        531 09-26 2000 05-unix-date file", .file, "05-unix-date file", 531,
      "2000-09-26", "root", "other", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 root     other        531 09-26 13:45 06-unix-date file", .file, "06-unix-date file", 531,
      "2026-09-26 13:45", "root", "other", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 root     other        531 2005-06-07 21:22  07-unix-date file", .file, " 07-unix-date file", 531,
      "2005-06-07 21:22", "root", "other", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "lrwxrwxrwx   1 neeme neeme    23 2005-03-02 18:06 macros -> ./../../global/macros/.", .link, "macros", 23,
      "2005-03-02 18:06", "neeme", "neeme", links: 1, mode: 0o777, permissions: "lrwxrwxrwx",
      target: "./../../global/macros/."),
    ListingRow(
      "-rw-r--r--   1 root     root       190144 2001-04-27 zxJDBC-2.0.1b1.zip", .file, "zxJDBC-2.0.1b1.zip", 190_144,
      "2001-04-27", "root", "root", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r-- 1 u g 7 2005-06-07 01:22:33.123456789 +0200 full iso", .file, "full iso", 7,
      "2005-06-06 23:22:33Z", "u", "g", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--  1 me  staff  136 Jan  5 11:23:45 2004 bsd -lT", .file, "bsd -lT", 136, "2004-01-05 11:23:45", "me",
      "staff", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rwxr-xr-x    1 user group        9 Oct 08, 2002 09:47 23-vshell-new file", .file, "23-vshell-new file", 9,
      "2002-10-08 09:47", "user", "group", links: 1, mode: 0o755, permissions: "-rwxr-xr-x"),
    ListingRow(
      "-r-xr-xr-x   2 root     other      2235 1999/10/12 17:12 30-datetest file", .file, "30-datetest file", 2235,
      "1999-10-12 17:12", "root", "other", links: 2, mode: 0o555, permissions: "-r-xr-xr-x"),
    ListingRow(
      "-r-xr-xr-x   2 root     other      2235 24-04-2003 17:12 31-datetest file", .file, "31-datetest file", 2235,
      "2003-04-24 17:12", "root", "other", links: 2, mode: 0o555, permissions: "-r-xr-xr-x"),
    ListingRow(
      "-r-xr-xr-x   2 root  root  96 2004.07.15   35-dotted-date file", .file, "35-dotted-date file", 96, "2004-07-15",
      "root", "root", links: 2, mode: 0o555, permissions: "-r-xr-xr-x"),
    ListingRow(
      "-r-xr-xr-x 2 owner group 4512 01-jun-99 47_unix_shortdatemonth file", .file, "47_unix_shortdatemonth file",
      4512, "1999-06-01", "owner", "group", links: 2, mode: 0o555, permissions: "-r-xr-xr-x"),
    ListingRow(
      "drwxr-xr-x 3 user group 512 01 oct 2004 52-swapped-daymonth dir", .directory, "52-swapped-daymonth dir", 512,
      "2004-10-01", "user", "group", links: 3, mode: 0o755, permissions: "drwxr-xr-x"),
    // Other languages.
    ListingRow(
      "-rwxrwxr-x 1 ftp ftp 123 23 май 2011 test", .file, "test", 123, "2011-05-23", "ftp", "ftp", links: 1,
      mode: 0o775, permissions: "-rwxrwxr-x"),
    ListingRow(
      "dr-xr-xr-x   2 root     other      2235 26. Juli, 20:10 28-datetest-ger dir", .directory, "28-datetest-ger dir",
      2235, "2026-07-26 20:10", "root", "other", links: 2, mode: 0o555, permissions: "dr-xr-xr-x"),
    ListingRow(
      "dr-xr-xr-x   2 root     other      2235 szept 26 20:10 28b-datetest-hungarian dir", .directory,
      "28b-datetest-hungarian dir", 2235, "2026-09-26 20:10", "root", "other", links: 2, mode: 0o555,
      permissions: "dr-xr-xr-x"),
    ListingRow(
      "-r-xr-xr-x   2 root     other      2235 2.   Okt.  2003 29-datetest-ger file", .file, "29-datetest-ger file",
      2235, "2003-10-02", "root", "other", links: 2, mode: 0o555, permissions: "-r-xr-xr-x"),
    ListingRow(
      "drwxr-xr-x 6 user sys 1024 30. Jan., 12:40 59-localized-date-dir", .directory, "59-localized-date-dir", 1024,
      "2026-01-30 12:40", "user", "sys", links: 6, mode: 0o755, permissions: "drwxr-xr-x"),
    ListingRow(
      "-rw-r--r-- 1 u g 7 Mär 1 2003 utf-8", .file, "utf-8", 7, "2003-03-01", "u", "g", links: 1, mode: 0o644,
      permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r-- 1 u g 7 Mär 1 2003 latin-1 \u{FC}", .file, "latin-1 \u{FC}", 7, "2003-03-01", "u", "g", links: 1,
      mode: 0o644, permissions: "-rw-r--r--", encode: latin),
    ListingRow(
      "-rw-r--r-- 1 u g 7 1 déc. 2003 français", .file, "français", 7, "2003-12-01", "u", "g", links: 1, mode: 0o644,
      permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r-- 1 u g 7 янв 1 10:00 русский", .file, "русский", 7, "2026-01-01 10:00", "u", "g", links: 1,
      mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r-- 1 u g 7 \u{E4}\u{E5}\u{EA} 1 2003 windows-1251", .file, "windows-1251", 7, "2003-12-01", "u", "g",
      links: 1, mode: 0o644, permissions: "-rw-r--r--", encode: latin),
    ListingRow(
      "-rw-r--r-- 1 u g 7 sept9 1 2003 digit", .file, "digit", 7, "2003-09-01", "u", "g", links: 1, mode: 0o644,
      permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-rw---- 1 ep1adm sapsys 0 6月 3日 2003年 試験ファイル.csv", .file, "試験ファイル.csv", 0, "2003-06-03", "ep1adm",
      "sapsys", links: 1, mode: 0o660, permissions: "-rw-rw----"),
    ListingRow(
      "-rw-rw---- 1 ep1adm sapsys 0 8月 17日 20:10 caerrinf", .file, "caerrinf", 0, "2026-08-17 20:10", "ep1adm",
      "sapsys", links: 1, mode: 0o660, permissions: "-rw-rw----"),
    // Shift JIS, whose second byte may be a letter (0x4E); and other encodings of the East.
    ListingRow(
      "-rw-r--r--   1 root       sys           8473  4\u{8C}\u{8E} 18\u{93}\u{FA} 2003\u{94}\u{4E} 32-japanese file",
      .file, "32-japanese file", 8473, "2003-04-18", "root", "sys", links: 1, mode: 0o644, permissions: "-rw-r--r--",
      encode: latin),
    ListingRow(
      "-rwxrwxrwx   1 root     staff          0 2003   3\u{ED}\u{EF} 20 33-asian date file", .file,
      "33-asian date file", 0, "2003-03-20", "root", "staff", links: 1, mode: 0o777, permissions: "-rwxrwxrwx",
      encode: latin),
    ListingRow(
      "-r--r--r-- 1 root root 2096 8\u{ED} 17 08:52 34-asian date file", .file, "34-asian date file", 2096,
      "2026-08-17 08:52", "root", "root", links: 1, mode: 0o444, permissions: "-r--r--r--", encode: latin),
    ListingRow(
      "drwxr-xr-x   5 root     sys          512 2005년  1월  6일 54-asian date year first dir", .directory,
      "54-asian date year first dir", 512, "2005-01-06", "root", "sys", links: 5, mode: 0o755,
      permissions: "drwxr-xr-x"),
  ]

  /// What the servers of Tests/Servers sent on 2026-11-25 at 21:09, of the same files.
  static let servers = [
    // vsftpd 3.0.3: a day of two digits, the year of whatever lies ahead.
    ListingRow(
      "-rw-r--r--    1 1        0               7 Oct 26 21:09  leading", .file, " leading", 7, "2026-10-26 21:09", "1",
      "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Nov 25 21:09 - x", .file, "- x", 7, "2026-11-25 21:09", "1", "0",
      links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Nov 25 21:09 12 Jan 2020", .file, "12 Jan 2020", 7,
      "2026-11-25 21:09", "1", "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Nov 25 21:09 a -> b", .file, "a -> b", 7, "2026-11-25 21:09", "1",
      "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--    1 1        0        5368709120 Nov 25 21:09 big", .file, "big", 5_368_709_120,
      "2026-11-25 21:09", "1", "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "lrwxrwxrwx    1 1        0              13 Nov 25 21:09 dang -> ling -> no where -> x", .link, "dang -> ling",
      13, "2026-11-25 21:09", "1", "0", links: 1, mode: 0o777, permissions: "lrwxrwxrwx", target: "no where -> x"),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Jun 13  2027 future", .file, "future", 7, "2027-06-13", "1", "0",
      links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Nov 25 21:09 latin\u{FC}", .file, "latin\u{FC}", 7,
      "2026-11-25 21:09", "1", "0", links: 1, mode: 0o644, permissions: "-rw-r--r--", encode: latin),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Nov 26  2026 tomorrow", .file, "tomorrow", 7, "2026-11-26", "1", "0",
      links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Oct 21  2025 trailing ", .file, "trailing ", 7, "2025-10-21", "1",
      "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--    1 1        0               7 Feb 29  2000 Übung.txt", .file, "Übung.txt", 7, "2000-02-29", "1",
      "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "drwx-----x    3 1        0            4096 Nov 25 21:09 ..", .directory, "..", 4096, "2026-11-25 21:09", "1",
      "0", links: 3, mode: 0o701, permissions: "drwx-----x"),
    // ProFTPD 1.3.8: the time of day even of what lies ahead. Tomorrow is found, next June is not.
    ListingRow(
      "-rw-r--r--   1 ftptest  0               7 Nov 26 02:09 tomorrow", .file, "tomorrow", 7, "2026-11-26 02:09",
      "ftptest", "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 ftptest  0               7 Jun 13 21:09 future", .file, "future", 7, "2026-06-13 21:09",
      "ftptest", "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r--   1 ftptest  0               7 Jan  1  1970 old1969", .file, "old1969", 7, "1970-01-01", "ftptest",
      "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "drwxrwxrwt   2 ftptest  0            4096 Nov 25 21:09 sub dir", .directory, "sub dir", 4096,
      "2026-11-25 21:09", "ftptest", "0", links: 2, mode: 0o1777, permissions: "drwxrwxrwt"),
    // Pure-FTPd 1.0.50.
    ListingRow(
      "lrwxrwxrwx    1 1          0                   7 Nov 25 21:09 dirlink -> sub dir", .link, "dirlink", 7,
      "2026-11-25 21:09", "1", "0", links: 1, mode: 0o777, permissions: "lrwxrwxrwx", target: "sub dir"),
    ListingRow(
      "-rw-r--r--    1 1          0                   0 Nov 25 21:09 quo\"te's", .file, "quo\"te's", 0,
      "2026-11-25 21:09", "1", "0", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    // GNU inetutils 2.4.
    ListingRow(
      "drwxrwxrwt  45 root     root        4096 Nov 25 21:09 ..", .directory, "..", 4096, "2026-11-25 21:09", "root",
      "root", links: 45, mode: 0o1777, permissions: "drwxrwxrwt"),
    ListingRow(
      "-rw-r--r--  1 ftptest  root  5368709120 Nov 25 21:09 big", .file, "big", 5_368_709_120, "2026-11-25 21:09",
      "ftptest", "root", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    // pyftpdlib 2.2.0.
    ListingRow(
      "-rw-r--r--   1 daemon   root            7 Oct 21  2025 trailing ", .file, "trailing ", 7, "2025-10-21",
      "daemon", "root", links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "prw-r--r--   1 daemon   root            0 Nov 25 21:09 fifo", .other, "fifo", 0, "2026-11-25 21:09", "daemon",
      "root", links: 1, mode: 0o644, permissions: "prw-r--r--"),
    // Twisted 26.10: links as what they point to.
    ListingRow(
      "drwxrwxrwx   2 daemon    root                 4096 Nov 25 21:09 dirlink", .directory, "dirlink", 4096,
      "2026-11-25 21:09", "daemon", "root", links: 2, mode: 0o777, permissions: "drwxrwxrwx"),
    // aioftp 0.28: single blanks.
    ListingRow(
      "-rw-r--r-- 1 none none 7 Feb 29  2000 Übung.txt", .file, "Übung.txt", 7, "2000-02-29", "none", "none", links: 1,
      mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "-rw-r--r-- 1 none none 7 Oct 26 21:09  leading", .file, " leading", 7, "2026-10-26 21:09", "none", "none",
      links: 1, mode: 0o644, permissions: "-rw-r--r--"),
    ListingRow(
      "drwxrwxrwt 2 none none 4096 Nov 25 21:09 sub dir", .directory, "sub dir", 4096, "2026-11-25 21:09", "none",
      "none", links: 2, mode: 0o1777, permissions: "drwxrwxrwt"),
  ]
}
