/// The months as servers name them: in English, or in the language that `ls` was started in.
enum MonthNames {
  /// The month that a field names, without the `.` or `,` that may follow it: 1 to 12.
  static func month(_ field: some Collection<UInt8>) -> Int? {
    guard (2...maximumLength).contains(field.count), field.first?.digit == nil else { return nil }
    var name = field.map(\.lowercased)
    while name.last == ASCII.dot || name.last == ASCII.comma { name.removeLast() }
    if let month = table[name] { return month }
    // Servers that write `jan1` to `sept9`, `oct0`, `nov1`, `dec2`.
    guard let digit = name.last?.digit, let month = table[Array(name.dropLast())] else { return nil }
    return month % 10 == digit ? month : nil
  }

  /// No name is longer than this many bytes.
  private static let maximumLength = 16

  /// Names by month; English first, then those that other languages have instead.
  private static let names: [[String]] = [
    ["jan", "january", "jän", "janv", "gen", "ene", "sty", "янв", "tammi", "oca"],
    ["feb", "february", "febr", "fév", "févr", "fev", "fevr", "fbro", "lut", "фев", "helmi", "şub"],
    ["mar", "march", "mär", "märz", "mrz", "mars", "mrs", "mzo", "mrt", "márc", "мар", "maalis"],
    ["apr", "april", "avr", "abr", "ab", "kwi", "ápr", "апр", "huhti", "nis"],
    ["may", "mai", "mag", "mei", "maj", "máj", "май", "мая", "touko"],
    ["jun", "june", "juni", "juin", "giu", "cze", "jún", "июн", "kesä", "haz"],
    // The French `jui` is cut from `juillet`: `juin` fits where it is cut.
    ["jul", "july", "juli", "juil", "jui", "lug", "lip", "júl", "июл", "heinä", "tem"],
    ["aug", "august", "aoû", "août", "aout", "ago", "agto", "avg", "sie", "авг", "elo", "ağu"],
    ["sep", "september", "sept", "szept", "set", "sbre", "wrz", "сен", "syys", "eyl"],
    ["oct", "october", "okt", "ott", "out", "obre", "paź", "окт", "loka", "eki"],
    ["nov", "november", "nbre", "lis", "ноя", "marras", "kas"],
    ["dec", "december", "dez", "déc", "dic", "dbre", "gru", "дек", "joulu", "ara", "des"],
  ]

  /// Each name in UTF-8 and, where it can be written in it, in Latin-1 or in Windows-1251; letters beyond ASCII in
  /// both cases.
  private static let table: [[UInt8]: Int] = {
    var table: [[UInt8]: Int] = [:]
    for (index, month) in names.enumerated() {
      for name in month {
        for form in [name, name.uppercased()] {
          for bytes in [Array(form.utf8), singleBytes(form)] where !bytes.isEmpty {
            table[bytes.map(\.lowercased)] = index + 1
          }
        }
      }
    }
    return table
  }()

  /// A name in Latin-1, or in Windows-1251 when it is Cyrillic; empty when in neither.
  private static func singleBytes(_ name: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in name.unicodeScalars {
      switch scalar.value {
      case 0...0xFF: bytes.append(UInt8(scalar.value))
      case 0x410...0x44F: bytes.append(UInt8(scalar.value - 0x410 + 0xC0))
      default: return []
      }
    }
    return bytes
  }
}
