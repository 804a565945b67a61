/// A pattern for the paths of a tree, as shells and `.gitignore` have them.
///
/// `*` stands for any letters of one name, `?` for one letter, `[a-z]` and `[!a-z]` for one of some; `**` as a whole
/// part for any number of directories, none included. A pattern without a slash is compared with the name at any depth,
/// one with a slash with the whole path from the top of the tree; a slash at its end means directories alone. `logs/**`
/// is all that lies in `logs`.
public struct TreePattern: Sendable, Equatable {
  /// The pattern as it was given.
  public let text: String
  private let parts: [Part]
  private let isAnchored: Bool
  private let meansDirectories: Bool

  fileprivate enum Part: Sendable, Equatable {
    case anyDirectories
    case name([Letter])
  }

  fileprivate enum Letter: Sendable, Equatable {
    case any
    case one
    case scalar(Unicode.Scalar)
    case among([ClosedRange<Unicode.Scalar>], isExcluded: Bool)
  }

  /// Reads a pattern. An opening bracket that nothing closes is that letter.
  public init(_ text: String) {
    self.text = text
    var names = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    if names.first == "." { names.removeFirst() }
    meansDirectories = text.hasSuffix("/")
    isAnchored = text.dropLast(meansDirectories ? 1 : 0).contains("/")
    parts = names.map { $0 == "**" ? .anyDirectories : .name(Self.letters(Array($0.unicodeScalars))) }
  }

  /// Whether a path, from the top of the tree, is meant.
  public func matches(_ path: [String], isDirectory: Bool) -> Bool {
    guard !meansDirectories || isDirectory, let name = path.last, !parts.isEmpty else { return false }
    return Self.matches(parts[...], (isAnchored ? path : [name])[...])
  }

  // Of several stars only the last has to be tried again, whatever the one before took: the time is the product of both
  // lengths.

  private static func matches(_ parts: ArraySlice<Part>, _ path: ArraySlice<String>) -> Bool {
    var (part, name) = (parts.startIndex, path.startIndex)
    var again: (part: Int, name: Int)?
    while true {
      if part < parts.endIndex, parts[part] == .anyDirectories {
        part += 1
        // At the end it is all that lies in a directory, not the directory itself.
        if part == parts.endIndex { return name < path.endIndex }
        again = (part, name)
      } else if part < parts.endIndex, name < path.endIndex, case .name(let letters) = parts[part],
        matches(letters, Array(path[name].unicodeScalars))
      {
        (part, name) = (part + 1, name + 1)
      } else if part == parts.endIndex, name == path.endIndex {
        return true
      } else if let (start, last) = again, last < path.endIndex {
        (part, name) = (start, last + 1)
        again = (start, last + 1)
      } else {
        return false
      }
    }
  }

  private static func matches(_ letters: [Letter], _ name: [Unicode.Scalar]) -> Bool {
    var (letter, place) = (0, 0)
    var again: (letter: Int, place: Int)?
    while true {
      if letter < letters.count, letters[letter] == .any {
        letter += 1
        again = (letter, place)
      } else if letter < letters.count, place < name.count, letters[letter].matches(name[place]) {
        (letter, place) = (letter + 1, place + 1)
      } else if letter == letters.count, place == name.count {
        return true
      } else if let (start, last) = again, last < name.count {
        (letter, place) = (start, last + 1)
        again = (start, last + 1)
      } else {
        return false
      }
    }
  }

  private static func letters(_ text: [Unicode.Scalar]) -> [Letter] {
    var letters: [Letter] = []
    var place = 0
    while place < text.count {
      switch text[place] {
      case "*":
        if letters.last != .any { letters.append(.any) }
      case "?": letters.append(.one)
      case "[":
        if let (set, end) = set(text, from: place + 1) {
          letters.append(set)
          place = end
        } else {
          letters.append(.scalar("["))
        }
      default: letters.append(.scalar(text[place]))
      }
      place += 1
    }
    return letters
  }

  /// The set behind an opening bracket, and where its closing one stands; nil when there is none.
  private static func set(_ text: [Unicode.Scalar], from start: Int) -> (Letter, Int)? {
    var place = start
    let isExcluded = place < text.count && text[place] == "!"
    if isExcluded { place += 1 }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    // A closing bracket in the first place is a letter of the set.
    while place < text.count, text[place] != "]" || ranges.isEmpty {
      let low = text[place]
      if place + 2 < text.count, text[place + 1] == "-", text[place + 2] != "]" {
        let high = text[place + 2]
        ranges.append(min(low, high)...max(low, high))
        place += 3
      } else {
        ranges.append(low...low)
        place += 1
      }
    }
    return place < text.count && !ranges.isEmpty ? (.among(ranges, isExcluded: isExcluded), place) : nil
  }
}

extension TreePattern.Letter {
  fileprivate func matches(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .any: false
    case .one: true
    case .scalar(let own): own == scalar
    case .among(let ranges, let isExcluded): ranges.contains { $0.contains(scalar) } != isExcluded
    }
  }
}

/// Which paths of a tree are meant. What it leaves out is neither transferred nor deleted, wherever it lies.
public struct TreeFilter: Sendable {
  /// Files are left out that match none of these and lie in no directory that does; empty means all.
  public var included: [TreePattern]
  /// What matches one of these is left out, a directory with all in it, whatever `included` says.
  public var excluded: [TreePattern]

  /// All but what the patterns say.
  public init(including included: [TreePattern] = [], excluding excluded: [TreePattern] = []) {
    self.included = included
    self.excluded = excluded
  }

  /// Whether a file is meant. A directory above it that is left out has been left out before.
  public func takes(file path: [String]) -> Bool {
    !excluded.contains { $0.matches(path, isDirectory: false) }
      && (included.isEmpty || included.contains { $0.matches(path, isDirectory: false) || $0.meansAll(above: path) })
  }

  /// Whether a directory is entered.
  public func enters(directory path: [String]) -> Bool { !excluded.contains { $0.matches(path, isDirectory: true) } }
}

extension TreePattern {
  /// Whether a directory above a file is meant, and so all in it.
  fileprivate func meansAll(above path: [String]) -> Bool {
    guard path.count > 1 else { return false }
    return (1..<path.count).contains { matches(Array(path.prefix($0)), isDirectory: true) }
  }
}
