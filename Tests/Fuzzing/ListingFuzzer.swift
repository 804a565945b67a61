/// A libFuzzer harness for `ListingParser`: the input is a listing, and no line of it may be lost.
///
/// It is no part of the package. To run it, with the sources of FTPClient as one module:
///
///     swiftc -O -sanitize=fuzzer -parse-as-library -swift-version 6 -module-name Fuzzing \
///       $(find Sources/FTPClient -name '*.swift') Tests/Fuzzing/ListingFuzzer.swift -o .build/listing-fuzzer
///     .build/listing-fuzzer -max_len=400 -max_total_time=60 CORPUS
///
/// A crash that it finds becomes a row of HostileListingTests.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzListing(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let lines = UnsafeBufferPointer(start: start, count: count).split(
    separator: 0x0A, omittingEmptySubsequences: false)
  var parser = ListingParser(now: 1_795_640_964)
  var results = 0
  for line in lines {
    for result in parser.append(line) {
      results += 1
      guard case .entry(let entry) = result else { continue }
      precondition(!entry.name.isEmpty, "an entry without a name")
      _ = entry.facts
    }
  }
  results += parser.finish().count
  // A name of VMS and its facts are one result of two lines.
  precondition(results <= lines.count && results * 2 >= lines.count, "\(lines.count) lines, \(results) results")
  return 0
}
