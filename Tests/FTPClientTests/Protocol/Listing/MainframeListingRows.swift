import FTPClient

extension ListingRow {
  /// z/OS, z/VM, OS/400, NonStop.
  static let mainframe = [
    // z/OS: data sets.
    ListingRow(
      "SAVE00 3390   2004/06/23  1    1  FB     128  6144  PS    INCOMING.RPTBM023.D061704", .file,
      "INCOMING.RPTBM023.D061704"),
    ListingRow(
      "SAVE01 3390   2004/06/23  1    1  FB     128  6144  PO    INCOMING.RPTBM024.D061704", .directory,
      "INCOMING.RPTBM024.D061704"),
    ListingRow(
      "SAVE02 3390   2004/06/23  1    1  FB     128  6144  PO-E  INCOMING.RPTBM025.D061704", .directory,
      "INCOMING.RPTBM025.D061704"),
    ListingRow("WYOSPT 3420   2003/05/21  1 ????  FB      80  8053  PS  79-MVS.FILE", .file, "79-MVS.FILE"),
    ListingRow("GISBWI 3390   2011/08/25  2 ++++  FB     904 18080  PS  80-MVS.FILE", .file, "80-MVS.FILE"),
    ListingRow("YNSABH 3390   2022/02/18  1+++++  VBS  32767 27966  PS  $.BDATA.XBB", .file, "$.BDATA.XBB"),
    ListingRow("WYOSPT 3420   2003/05/21  1 3 U 6447    6447  PO-E 81-MVS.DIR", .directory, "81-MVS.DIR"),
    ListingRow(
      "NRP004 3390   **NONE**    1   15  NONE     0     0  PO  62-MVS-NONEDATE.DATASET", .directory,
      "62-MVS-NONEDATE.DATASET"),
    ListingRow(
      "SYSPP7 3390   ***NONE***  1    2  F     4096  4096  PS  'SYS1.HASPACE'", .file, "'SYS1.HASPACE'"),
    ListingRow("TSO005 3390   2005/06/06 213000 U 0 27998 PO 63-MVS.DATASET", .directory, "63-MVS.DATASET"),
    ListingRow("TSO004 3390   VSAM 64-mvs-file", .file, "64-mvs-file"),
    ListingRow(
      "SYSPP1 3390                                        VSAM 'SYS1.VVDS.VSYSPP1'", .file, "'SYS1.VVDS.VSYSPP1'"),
    ListingRow("TERNBG 3390                                        GDG  HLQ.TEST.GDG", .other, "HLQ.TEST.GDG"),
    ListingRow("V43525 Tape                                             73-MSV-TAPE.FILE", .file, "73-MSV-TAPE.FILE"),
    ListingRow("Migrated                                                BSCSYS.ISPUSER", .file, "BSCSYS.ISPUSER"),
    ListingRow("Migrated\t\t\t\t69-SOME.FILE", .file, "69-SOME.FILE"),
    ListingRow("Pseudo Directory                                        ETC", .directory, "ETC"),
    // With `SITE LISTLEVEL=2`; and with the date of an old system.
    ListingRow(
      "TERNBH 2022/02/18      1 327674532  VBS  32767 27966  PS   $.BDATA.XBB", .file, "$.BDATA.XBB"),
    ListingRow(
      "TERNBG 2022/02/17      1         3  FB      80 16000 PO-E  $.ASM", .directory, "$.ASM"),
    ListingRow("APCSPL 3380D  07/16/97  1    1  FB      80  8800  PS  ETC.RPC", .file, "ETC.RPC"),
    // z/OS: members and load modules.
    ListingRow(
      "TBSHELF1  01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001", .file, "TBSHELF1", nil,
      "2002-10-11 09:37", "KIL001"),
    ListingRow(
      "$2CPF1    01.01 2001/10/18 2001/10/18 11:58    29    29     0 QFX3076", .file, "$2CPF1", nil,
      "2001-10-18 11:58", "QFX3076"),
    ListingRow("67-MVSPDSMEMBER2 00B308 000411  00 FO                31    ANY", .file, "67-MVSPDSMEMBER2", 45832),
    ListingRow("68-MVSPDSMEMBER3 00B308 000411  00 FO        RU      ANY    24", .file, "68-MVSPDSMEMBER3", 45832),
    ListingRow(
      "EAGRTPRC  005F48   000011 EAGRTALT 00 FO             RN RU            31    ANY", .file, "EAGRTPRC", 24392),
    // z/OS: jobs.
    ListingRow("IBMUSER1  JOB01906  OUTPUT    3 Spool Files", .file, "JOB01906"),
    ListingRow(
      "IBMUSER2 JOB01906 IBMUSER  OUTPUT A        RC=0000 3 spool files", .file, "JOB01906", nil, nil, "IBMUSER"),
    ListingRow(
      "IBMUSER  TSU01830 IBMUSER  OUTPUT TSU      ABEND=522 3 spool files", .file, "TSU01830", nil, nil, "IBMUSER"),
    // z/VM: the size is known when all records have one length.
    ListingRow(
      "70-ZVMFILE  TRACE   V        65      107        2 2005-10-04 15:28:42 060191", .file, "70-ZVMFILE.TRACE", nil,
      "2005-10-04 15:28:42", "060191"),
    ListingRow(
      "ENDTRACE TCPIP    F        80        3        1 1999-07-28 12:24:01 TCM191", .file, "ENDTRACE.TCPIP", 240,
      "1999-07-28 12:24:01", "TCM191"),
    ListingRow(
      "SUBDIR   DIR      -         -        -        - 2003-02-11 16:15:00 -", .directory, "SUBDIR", nil,
      "2003-02-11 16:15:00"),
    // OS/400, in the date formats of its jobs.
    ListingRow(
      "QSYS            77824 02/23/00 15:09:55 *DIR 44-ibm-as400 dir/", .directory, "44-ibm-as400 dir", 77824,
      "2000-02-23 15:09:55", "QSYS"),
    ListingRow(
      "QSYS            77824 23/02/00 15:09:55 *FILE 45-ibm-as400-date file", .file, "45-ibm-as400-date file", 77824,
      "2000-02-23 15:09:55", "QSYS"),
    ListingRow(
      "QPGMR        16347136 29.06.13 15:45:09 *FILE      RPGUNIT.SAVF", .file, "RPGUNIT.SAVF", 16_347_136,
      "2013-06-29 15:45:09", "QPGMR"),
    ListingRow(
      "PEP              4019 04/03/18 18:58:16 *STMF      einladung.zip", .file, "einladung.zip", 4019,
      "2004-03-18 18:58:16", "PEP", order: .yearMonthDay),
    ListingRow(
      "CFT             45056 04/12/14 14:19:31 *FILE ANTHONY1.FILE", .file, "ANTHONY1.FILE", 45056,
      "2014-12-04 14:19:31", "CFT", order: .dayMonthYear),
    ListingRow(
      "QPGMR                                   *MEM       RPGUNITC1.FILE/RUCALLTST.MBR", .file,
      "RPGUNITC1.FILE/RUCALLTST.MBR", nil, nil, "QPGMR"),
    ListingRow(
      "ZFTPDEV 9069 05/20/15 15:36:52 *STMF /DRV/AUDWRKSHET/AUDWRK0204232015114625.PDF", .file,
      "/DRV/AUDWRKSHET/AUDWRK0204232015114625.PDF", 9069, "2015-05-20 15:36:52", "ZFTPDEV"),
    ListingRow(
      "QSYS                0 05/20/15 15:36:52 *LIB       QGPL.LIB/", .directory, "QGPL.LIB", 0, "2015-05-20 15:36:52",
      "QSYS"),
    // NonStop.
    ListingRow(
      "57-HP_NonStop 101 528 6-Apr-07 14:21:18 255, 0 \"oooo\"", .file, "57-HP_NonStop", 528, "2007-04-06 14:21:18",
      "0", "255", permissions: "oooo"),
    ListingRow(
      "58-HP_NonStop 101 528 6-Apr-07 14:21:18 255,255 \"oooo\"", .file, "58-HP_NonStop", 528, "2007-04-06 14:21:18",
      "255", "255", permissions: "oooo"),
    ListingRow(
      "FILE3        101            16354 14-Mar-14 15:09:12 244, 10 \"nunu\"", .file, "FILE3", 16354,
      "2014-03-14 15:09:12", "10", "244", permissions: "nunu"),
    ListingRow(
      "LOAD1        800L           16354 14-Mar-14 15:09:12 244,10", .file, "LOAD1", 16354, "2014-03-14 15:09:12",
      "10", "244"),
  ]
}
