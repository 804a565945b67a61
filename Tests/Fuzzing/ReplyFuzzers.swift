/// What replies say.

/// `LineBuffer` and `ReplyParser`: the first byte chooses the cuts.
///
/// The same lines and the same error however the bytes are cut, none above the limit, and the lines are those of a slow
/// reading; every line is in one reply, and a reply ends as it began.
@Sendable func fuzzReplies(_ input: ArraySlice<UInt8>) {
  let (seed, wire) = seeded(input)
  let limit = 48
  let (lines, failure) = cutIntoLines([wire], limit: limit)
  let again = cutIntoLines(pieces(wire, seed: seed), limit: limit)
  promise(again.lines == lines && again.failure == failure, "\(again) instead of \(lines), \(failure ?? "")")
  promise(lines.allSatisfy { letters($0) <= limit && !$0.contains { [0x00, 0x0A, 0x0D].contains($0) } })
  var slow = slowLines(wire).map { Telnet.strip($0[...]) }
  if failure == nil {
    // The last one has no end, and LineBuffer has none to give where nothing came.
    if slowLines(wire).last?.isEmpty == true { slow.removeLast() }
    promise(lines == slow, "\(lines) instead of \(slow)")
  } else {
    promise(lines.elementsEqual(slow.prefix(lines.count)), "\(lines) instead of the beginning of \(slow)")
  }
  putTogether(lines)
}

private func cutIntoLines(_ chunks: [ArraySlice<UInt8>], limit: Int) -> (lines: [[UInt8]], failure: String?) {
  var buffer = LineBuffer()
  var lines: [[UInt8]] = []
  do throws(FTPError) {
    for chunk in chunks {
      buffer.append(chunk)
      while let line = try buffer.next(limit: limit) { lines.append(line) }
    }
    if let rest = try buffer.rest() { lines.append(rest) }
    promise(buffer.isEmpty, "bytes are left behind the end")
  } catch { return (lines, word(error)) }
  return (lines, nil)
}

private func putTogether(_ lines: [[UInt8]]) {
  var parser = ReplyParser()
  var whole: [[UInt8]] = []
  var waiting: [[UInt8]] = []
  for line in lines {
    waiting.append(line)
    guard let reply = try? parser.append(line) else {
      promise(parser.isInside, "a line was lost")
      if parser.mayHaveEnded {
        var early = parser
        promise(early.endEarly().bytes == line && !early.isInside, "an early end is its own line")
      }
      continue
    }
    promise(!parser.isInside && !parser.mayHaveEnded)
    promise(reply.bytes == Array(waiting.joined(separator: [0x0A])), "a reply is not its lines")
    if waiting.count > 1 {
      promise(line.starts(with: waiting[0].prefix(3)) && reply.code != nil, "a reply ends with another code")
    }
    promise(reply.code.map { (0...999).contains($0) } ?? true)
    _ = reply.saysUnknownCommand
    _ = reply.saysEmptyDirectory
    whole += waiting
    waiting = []
  }
  promise(whole + waiting == lines)
}

/// `PassiveAddress`: what it finds stands in the reply, and is found again when written as the RFCs have it.
@Sendable func fuzzPassive(_ input: ArraySlice<UInt8>) {
  let reply = Reply(bytes: Array(input))
  guard let address = try? PassiveAddress(reply) else {
    // Whoever writes it as RFC 959 does is understood.
    promise(!isPlainAddress(input), "a plain address is refused")
    return
  }
  promise(address.port > 0)
  let written: String
  if let host = address.host {
    let numbers = host.split(separator: ".").compactMap { UInt8($0) }
    promise(reply.code == 227 && numbers.count == 4, "no IPv4 address: \(host)")
    let six = numbers.map(Int.init) + [Int(address.port >> 8), Int(address.port & 0xFF)]
    promise(slowSixes(input).contains(six), "\(six) is not in the reply")
    written = "227 (\(six.map(String.init).joined(separator: ",")))"
  } else {
    promise(reply.code == 229)
    written = "229 (|||\(address.port)|)"
  }
  promise((try? PassiveAddress(Reply(bytes: Array(written.utf8)))) == address, written)
}

/// Six numbers with commas between them, wherever they begin.
private func slowSixes(_ bytes: ArraySlice<UInt8>) -> [[Int]] {
  bytes.indices.dropFirst(3).compactMap { start in
    let fields = bytes[start...].prefix { $0 == 0x2C || (0x30...0x39).contains($0) }
      .split(separator: 0x2C, omittingEmptySubsequences: false).prefix(6)
    let numbers = fields.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    return numbers.count == 6 ? numbers : nil
  }
}

/// `227 (h,h,h,h,p,p)` in its plainest form, with a port other than 0.
private func isPlainAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
  guard bytes.starts(with: "227 (".utf8), bytes.last == 0x29 else { return false }
  let fields = bytes.dropFirst(5).dropLast().split(separator: 0x2C, omittingEmptySubsequences: false)
  let numbers = fields.compactMap { field in
    UInt8(String(decoding: field, as: UTF8.self)).flatMap { String($0).utf8.elementsEqual(field) ? $0 : nil }
  }
  return fields.count == 6 && numbers.count == 6 && (numbers[4] > 0 || numbers[5] > 0)
}

/// `TransferSize`: a size that is announced is also one that is mentioned, and is read again when written.
@Sendable func fuzzTransferSize(_ input: ArraySlice<UInt8>) {
  let reply = Reply(bytes: Array(input))
  let mentioned = TransferSize.mentioned(in: reply)
  if let announced = TransferSize.announced(in: reply) { promise(announced == mentioned) }
  guard let mentioned else { return }
  promise(reply.code == 150)
  promise(String(decoding: input.map(\.lowercased), as: UTF8.self).utf8.contains(0x29), "a size without its end")
  let written = Reply(bytes: Array("150 Opening x (\(mentioned) bytes).".utf8))
  promise(TransferSize.announced(in: written) == mentioned && TransferSize.mentioned(in: written) == mentioned)
}

/// `PathReply`: no more than the reply's first line holds, and found again when its quotes are doubled.
@Sendable func fuzzPath(_ input: ArraySlice<UInt8>) {
  guard let path = PathReply.path(of: Reply(bytes: Array(input))) else { return }
  promise(path.count + 6 <= input.count && !path.contains(0x0A))
  let doubled = path.flatMap { $0 == 0x22 ? [$0, $0] : [$0] }
  let written = Array("257 \"".utf8) + doubled + Array("\" is the path".utf8)
  promise(PathReply.path(of: Reply(bytes: written)) == path)
}

/// `FileStatus`: sizes and times are read again when written.
@Sendable func fuzzFileStatus(_ input: ArraySlice<UInt8>) {
  let reply = Reply(bytes: Array(input))
  if let size = try? FileStatus.size(of: reply) {
    promise((try? FileStatus.size(of: Reply(bytes: Array("213 \(size)".utf8)))) == size)
  }
  for time in [FileStatus.modificationTime(of: reply), FileStatus.Time(input)] {
    guard let time else { continue }
    promise((1...12).contains(time.month) && (1...31).contains(time.day) && (0..<24).contains(time.hour))
    promise((0..<60).contains(time.minute) && (0...60).contains(time.second))
    promise((0..<1_000_000_000).contains(time.nanosecond))
    let text =
      [(time.year, 4), (time.month, 2), (time.day, 2), (time.hour, 2), (time.minute, 2), (time.second, 2)]
      .map { padded($0, $1) }.joined() + "." + padded(time.nanosecond, 9)
    promise(FileStatus.Time(Array(text.utf8)) == time, text)
    _ =
      ListingTime(
        year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute, second: time.second,
        isUTC: true
      )?.timestamp
  }
}

private func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// `Command`: one line of at most the limit, and no password in its description.
@Sendable func fuzzCommand(_ input: ArraySlice<UInt8>) {
  guard let command = try? Command(line: input) else { return }
  promise(command.line.count <= Limits.command && command.line.dropLast(2).elementsEqual(input))
  promise(command.line.filter { [0x00, 0x0A, 0x0D].contains($0) }.count == 2)
  _ = command.verb
  _ = command.isUpload
  if ["PASS ", "pass ", "ACCT ", "acct "].contains(where: { input.starts(with: $0.utf8) }) {
    promise(command.description.utf8.dropFirst(5).allSatisfy { $0 == 0x2A }, "a password is shown")
  }
}
