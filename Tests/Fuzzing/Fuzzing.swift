internal import Glibc

/// libFuzzer's entry to the parsers of Sources/FTPClient/Protocol. `run.sh` builds it with them as one module, so that it
/// sees what is internal, and runs each parser in a process of its own.
///
/// Beside "no trap" each parser has to keep a promise: the same result however the bytes are cut, the result of a slow and
/// simple reading, or a result that, written out, is read again as the same. What one breaks becomes a row of the Swift tests.

/// Looks at one input. A broken promise is a trap: libFuzzer keeps the input.
typealias Fuzzer = @Sendable (_ input: ArraySlice<UInt8>) -> Void

/// By the name that FUZZER has. `run.sh` reads the names from this table.
let fuzzers: [String: Fuzzer] = [
  "replies": fuzzReplies,
  "textlines": fuzzTextLines,
  "networklines": fuzzNetworkLines,
  "passive": fuzzPassive,
  "transfersize": fuzzTransferSize,
  "path": fuzzPath,
  "filestatus": fuzzFileStatus,
  "facts": fuzzFacts,
  "listing": fuzzListing,
  "socks": fuzzSOCKS,
  "connect": fuzzConnect,
  "proxyurl": fuzzProxyURL,
  "command": fuzzCommand,
]

let chosenFuzzer: Fuzzer = {
  guard let name = getenv("FUZZER").map({ String(cString: $0) }), let fuzzer = fuzzers[name] else {
    fatalError("FUZZER has to be one of \(fuzzers.keys.sorted().joined(separator: " "))")
  }
  return fuzzer
}()

/// libFuzzer's call for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  chosenFuzzer(Array(UnsafeBufferPointer(start: start, count: count))[...])
  return 0
}

/// Ends the process, with a sentence, when a promise is broken. (A failed `precondition` of optimised code has no words.)
func promise(
  _ isKept: Bool, _ words: @autoclosure () -> String = "", file: StaticString = #fileID, line: UInt = #line
) {
  guard !isKept else { return }
  let sentence = "broken promise at \(file):\(line): \(words())\n"
  write(STDERR_FILENO, sentence, sentence.utf8.count)
  abort()
}

/// The bytes in pieces of 1 to 8 bytes, whose sizes the seed chooses; with seed 0 in one piece.
func pieces(_ bytes: ArraySlice<UInt8>, seed: UInt8) -> [ArraySlice<UInt8>] {
  guard seed != 0 else { return [bytes] }
  var state = UInt32(seed)
  var rest = bytes
  var pieces: [ArraySlice<UInt8>] = []
  while !rest.isEmpty {
    state = state &* 1_664_525 &+ 1_013_904_223
    let piece = rest.prefix(Int(state >> 29) + 1)
    pieces.append(piece)
    rest = rest[piece.endIndex...]
  }
  return pieces
}

/// The seed of `pieces`, and the bytes after it.
func seeded(_ input: ArraySlice<UInt8>) -> (seed: UInt8, bytes: ArraySlice<UInt8>) {
  (input.first ?? 0, input.dropFirst())
}

/// An error as what has to be equal however bytes are cut.
func word(_ error: FTPError) -> String { "\(error.kind): \(error.message)" }

/// How long a line is: in characters of UTF-8, four bytes at most in one.
func letters(_ line: [UInt8]) -> Int { max(line.filter { $0 & 0xC0 != 0x80 }.count, (line.count + 3) / 4) }

/// Lines as anybody would cut them: at CRLF, CR or LF. The last one has no end; it is empty when the text ends with one.
func slowLines(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
  var lines: [[UInt8]] = [[]]
  var index = bytes.startIndex
  while index < bytes.endIndex {
    let byte = bytes[index]
    index += 1
    guard byte == 0x0D || byte == 0x0A else {
      lines[lines.count - 1].append(byte)
      continue
    }
    if byte == 0x0D, index < bytes.endIndex, bytes[index] == 0x0A { index += 1 }
    lines.append([])
  }
  return lines
}
