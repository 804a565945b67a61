import Glibc

/// What the command line asks for.
struct Request {
  var isSecure = false
  var isImplicit = false
  var authorities: String?
  var resumes = false
  var host = ""
  var port: UInt16?
  var user = ""
  var password = ""
  var file = ""
  var target = ""

  struct Usage: Error, CustomStringConvertible {
    let description = """
      usage: SwiftClient [OPTION...] HOST[:PORT] USER PASSWORD FILE [LOCAL_FILE]
        --tls            secure both connections (AUTH TLS)
        --implicit-tls   the same, from the first byte
        --ca FILE        trust the authorities in FILE rather than the system's
        --resume         go on with a download that was broken off
      """
  }

  init(_ arguments: ArraySlice<String>) throws {
    var words: [String] = []
    var rest = arguments
    while let argument = rest.popFirst() {
      switch argument {
      case "--tls": isSecure = true
      case "--implicit-tls": (isSecure, isImplicit) = (true, true)
      case "--ca": authorities = rest.popFirst()
      case "--resume": resumes = true
      case _ where argument.hasPrefix("--"): throw Usage()
      default: words.append(argument)
      }
    }
    guard (4...5).contains(words.count) else { throw Usage() }
    let address = words[0].split(separator: ":", maxSplits: 1)
    host = address.first.map(String.init) ?? ""
    if address.count > 1 {
      guard let number = UInt16(address[1]), number > 0 else { throw Usage() }
      port = number
    }
    (user, password, file) = (words[1], words[2], words[3])
    target = words.count > 4 ? words[4] : String(file.split(separator: "/").last ?? "download")
  }
}
