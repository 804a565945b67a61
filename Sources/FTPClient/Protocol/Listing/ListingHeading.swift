/// What a heading says of the lines below it.
enum ListingSection: Sendable, Equatable {
  /// Data sets of z/OS; the title of their names begins in this column, counted from 0.
  case dataSets(titleColumn: Int)
  /// Members of a data set, of which some are names alone.
  case members
}

/// A line of a listing that is no file.
struct ListingHeading {
  /// What it announces for the lines below; nil for nothing in particular.
  let section: ListingSection?

  /// A line that no file of any format looks like; nil when it may be a file.
  init?(_ line: ListingLine) {
    guard Self.isDecoration(line) || Self.isTotal(line) || Self.isDirectory(line) || Self.isVolume(line) else {
      guard let section = Self.columns(line) else { return nil }
      self.section = section
      return
    }
    section = nil
  }

  /// Whether a line that no format knows is the heading of a directory in a listing of several: `./sub:`, `/sub:`,
  /// `d:\sub:`. A name alone (`sub dir:`) is one at the beginning and after an empty line.
  static func isDirectoryName(_ line: ListingLine, followsGap: Bool) -> Bool {
    let text = line.bytes[...].trimmed
    guard text.count > 1, text.last == ASCII.colon else { return false }
    return followsGap || text.contains(ASCII.slash) || text.contains(ASCII.backslash) || text.elementsEqual(".:".utf8)
  }

  /// Nothing, or a line drawn.
  private static func isDecoration(_ line: ListingLine) -> Bool {
    line.count == 0
      || (0..<line.count).allSatisfy { line[$0].count > 1 && line[$0].allSatisfy { $0 == ASCII.hyphen } }
  }

  /// What `ls` and others call a sum, in the languages that have been seen.
  private static let sums = [
    "total", "totaal", "totale", "totalt", "insgesamt", "gesamt", "summe", "razem", "celkem", "összesen", "toplam",
    "итого", "合計", "总用量", "總計", "합계",
  ]
  private static let sumUnits = ["file", "files", "file,", "files,", "directory", "directories"]

  /// `total 12`, `insgesamt 12`, `total 4.0K`, `Total of 6 files, 17/90 blocks.`, `Grand total of 2 directories`,
  /// and the last lines of `dir`: `3 File(s) 1,234 bytes`.
  private static func isTotal(_ line: ListingLine) -> Bool {
    if line[0].isWord("grand"), line[1].isWord("total") { return true }
    let isOf = line[1].isWord("of")
    if (isOf ? line[2] : line[1]).first?.digit != nil, sums.contains(where: line[0].isWord) {
      return line.count == 2 || isOf || sumUnits.contains(where: line[2].isWord)
    }
    return (line[1].isWord("file(s)") || line[1].isWord("dir(s)"))
      && line[0].byteSize != nil && line[2].byteSize != nil
  }

  /// `Directory DISK$USER:[ANONYMOUS]`, ` Directory of C:\pub`.
  private static func isDirectory(_ line: ListingLine) -> Bool {
    guard line[0].isWord("directory") else { return false }
    if line[1].isWord("of") { return line.count > 2 }
    return line[1].contains(ASCII.colon) && line[1].contains(UInt8(ascii: "[")) && line.last.last == UInt8(ascii: "]")
  }

  /// ` Volume in drive C is SYSTEM`, ` Volume Serial Number is 1234-ABCD`.
  private static func isVolume(_ line: ListingLine) -> Bool {
    line[0].isWord("volume")
      && (line[1].isWord("in") && line[2].isWord("drive") || line[1].isWord("serial") && line[2].isWord("number"))
  }

  /// The titles of columns. The outer nil: there are none.
  private static func columns(_ line: ListingLine) -> ListingSection?? {
    if line[0].isWord("volume"), line.last.isWord("dsname") {
      return .dataSets(titleColumn: line.column(of: line.count - 1) ?? 0)
    }
    if line[0].isWord("name"), line[1].isWord("vv.mm") || line[1].isWord("size") && line[2].isWord("ttr") {
      return .members
    }
    let isOther =
      line[0].isWord("jobname") && line[1].isWord("jobid") || line[0].isWord("id") && line[1].isWord("stepname")
      || line[0].isWord("file") && line[1].isWord("code") && line[2].isWord("eof")
    return isOther ? .some(nil) : nil
  }
}
