internal import COpenSSL
internal import Glibc

/// Why a certificate is no proof, in a sentence.
enum Untrusted {
  static func sentence(_ verdict: CInt, host: String, _ certificate: OpaquePointer?) -> String {
    switch verdict {
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is not for \(host)" + (names(certificate).map { ", but for \($0)" } ?? "")
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate has expired" + (end(certificate).map { " on \($0)" } ?? "")
    case X509_V_ERR_CERT_NOT_YET_VALID: return "the server's certificate is not valid yet"
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the server's certificate is signed by itself, and is not among those that are trusted"
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      return "the server's certificate is signed by nobody who is trusted (\(words(verdict)))"
    case X509_V_ERR_APPLICATION_VERIFICATION:
      return "the data connection's certificate is not that of the control connection"
    default: return "the server's certificate is not to be trusted: \(words(verdict))"
    }
  }

  private static func words(_ verdict: CInt) -> String { String(cString: X509_verify_cert_error_string(Int(verdict))) }

  /// The hosts that a certificate is for.
  private static func names(_ certificate: OpaquePointer?) -> String? {
    guard let certificate, let found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return nil }
    let list = OpaquePointer(found)
    defer { openssl_free_names(list) }
    var names: [String] = []
    for index in 0..<min(openssl_count(list), 5) {
      var length: CInt = 0
      guard let text = openssl_dns_name(list, index, &length), length > 0 else { continue }
      // What does not print is no name, and nothing for a reader's terminal.
      let name = UnsafeBufferPointer(start: text, count: Int(length)).prefix(255)
      if name.allSatisfy({ (0x21...0x7E).contains($0) }) { names.append(String(decoding: name, as: UTF8.self)) }
    }
    return names.isEmpty ? nil : names.joined(separator: ", ")
  }

  /// The last day of a certificate.
  private static func end(_ certificate: OpaquePointer?) -> String? {
    guard let certificate, let end = X509_get0_notAfter(certificate) else { return nil }
    var time = tm()
    guard ASN1_TIME_to_tm(end, &time) == 1 else { return nil }
    func padded(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(Int(time.tm_year) + 1900)-\(padded(time.tm_mon &+ 1))-\(padded(time.tm_mday))"
  }
}
