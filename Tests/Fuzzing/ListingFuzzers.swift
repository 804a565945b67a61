/// Listings, and the lines of text transfers.

/// `ListingParser`: the input is a listing, and no line of it may be lost. An entry holds no more than its line.
@Sendable func fuzzListing(_ input: ArraySlice<UInt8>) {
  let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false)
  let longest = lines.map(\.count).max() ?? 0
  var parser = ListingParser(now: 1_795_640_964)
  var results = 0
  for line in lines {
    for result in parser.append(line) {
      results += 1
      guard case .entry(let entry) = result else { continue }
      promise(!entry.name.isEmpty, "an entry without a name")
      // A name of VMS and its facts are one result of two lines.
      promise(entry.name.count <= longest && (entry.target ?? []).count <= longest)
      for fact in entry.facts { promise(fact.value.count <= longest + 64, "\(fact.name) has grown") }
      _ = entry.isSafeFileName
    }
  }
  results += parser.finish().count
  promise(results <= lines.count && results * 2 >= lines.count, "\(lines.count) lines, \(results) results")
}

/// `MachineListingEntry`: facts and name are the line, and its `ListingEntry` gives the facts back.
@Sendable func fuzzFacts(_ input: ArraySlice<UInt8>) {
  let entry = MachineListingEntry(line: input)
  let blank = input.firstIndex(of: 0x20) ?? input.endIndex
  promise(entry.name.elementsEqual(input[blank...].dropFirst()))
  var fields = input[..<blank].split(separator: 0x3B, omittingEmptySubsequences: false)
  // The last semicolon is an end, and some servers leave it out.
  if fields.last?.isEmpty ?? false { fields.removeLast() }
  promise(entry.facts.count == fields.count)
  for (fact, field) in zip(entry.facts, fields) {
    let written = fact.name + (field.contains(0x3D) ? [0x3D] : []) + fact.value
    promise(written.map(\.lowercased) == field.map(\.lowercased) && !fact.name.contains(0x3D))
    promise(entry.value(of: fact.name.text) != nil || fact.name.contains { $0 >= 0x80 })
  }
  let listed = ListingEntry(entry)
  promise((listed.mode ?? 0) <= 0o7777 && listed.name == entry.name)
  var line: [UInt8] = []
  for fact in listed.facts {
    line += Array(fact.name.utf8)
    line.append(0x3D)
    line += fact.value
    line.append(0x3B)
  }
  line.append(0x20)
  line += listed.name
  let again = ListingEntry(MachineListingEntry(line: line))
  promise(again.size == listed.size && again.modified == listed.modified && again.mode == listed.mode)
}

/// `TextLineSplitter`: the first byte chooses the cuts. The same lines and the same error however the bytes are cut; they
/// are those of a slow reading.
@Sendable func fuzzTextLines(_ input: ArraySlice<UInt8>) {
  let (seed, text) = seeded(input)
  let limit = 32
  let (lines, failure) = split([text], limit: limit)
  let again = split(pieces(text, seed: seed), limit: limit)
  promise(again.lines == lines && again.failure == failure, "\(again) instead of \(lines), \(failure ?? "")")
  var slow = slowLines(text)
  if slow.last?.isEmpty == true { slow.removeLast() }
  let fitting = Array(slow.prefix { letters($0) <= limit })
  promise(lines == fitting && (failure != nil) == (fitting.count < slow.count), "\(lines) instead of \(fitting)")
}

private func split(_ chunks: [ArraySlice<UInt8>], limit: Int) -> (lines: [[UInt8]], failure: String?) {
  var splitter = TextLineSplitter()
  var lines: [[UInt8]] = []
  do throws(FTPError) {
    for chunk in chunks {
      try Array(chunk).withUnsafeBufferPointer { (bytes) throws(FTPError) in
        try splitter.append(UnsafeRawBufferPointer(bytes), limit: limit) { lines.append(Array($0)) }
      }
    }
    let count = lines.count
    let hadRest = try splitter.finish { lines.append(Array($0)) }
    promise(lines.count == count + (hadRest ? 1 : 0))
  } catch { return (lines, word(error)) }
  return (lines, nil)
}

/// `appendNetworkLine`: the line without its end, then CRLF; written again it stays as it is.
@Sendable func fuzzNetworkLines(_ input: ArraySlice<UInt8>) {
  var text: [UInt8] = [0x3E]
  text.appendNetworkLine(input)
  let line = text.dropFirst().dropLast(2)
  promise(text.first == 0x3E && text.suffix(2) == [0x0D, 0x0A] && input.starts(with: line))
  promise([[], [0x0D], [0x0A], [0x0D, 0x0A]].contains(Array(input.dropFirst(line.count))), "bytes are lost")
  var again: [UInt8] = [0x3E]
  again.appendNetworkLine(text.dropFirst())
  promise(again == text)
}
