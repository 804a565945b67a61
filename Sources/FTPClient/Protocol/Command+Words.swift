/// What is known of commands by their first word.
extension Command.Word {
  /// Whether it is `ABOR`.
  package var isAbort: Bool { self == "ABOR" }

  /// Whether a data connection carries something to the server.
  var isUpload: Bool {
    switch self {
    case "STOR", "STOU", "APPE": true
    default: false
    }
  }

  /// Whether it ends what `REST` has said: a file's transfer begins there, a session anew. Listings leave it as it is.
  var takesRestart: Bool {
    switch self {
    case "RETR", "STOR", "STOU", "APPE", "USER", "REIN": true
    default: false
    }
  }

  /// Whether a refusal leaves in force what `REST` has said before it: pyftpdlib and ProFTPD do not look at that before.
  var leavesRestartWhenRefused: Bool {
    switch self {
    case "REST", "STOU", "APPE": true
    default: false
    }
  }

  /// Whether 226 can answer it.
  var mayEndTransfer: Bool {
    switch self {
    case "RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD", "ABOR", "SITE": true
    default: false
    }
  }

  /// Whether a port that the server listens at for a data connection is of no use behind it.
  var movesDataPort: Bool {
    switch self {
    case "PASV", "EPSV", "PORT", "EPRT", "REIN", "AUTH", "USER": true
    default: mayEndTransfer
    }
  }

  /// Whether it changes the representation of data, or begins a session anew (RFC 959 section 4.1.1, RFC 4217 section 4.2).
  var changesRepresentation: Bool {
    switch self {
    case "TYPE", "USER", "REIN", "AUTH": true
    default: false
    }
  }

  /// Whether it begins a session anew, in the directory of the login.
  var beginsSession: Bool {
    switch self {
    case "USER", "REIN": true
    default: false
    }
  }

  /// Whether it changes the directory to the one that it names: `CWD` and `CDUP` under all their names.
  var changesDirectory: Bool {
    switch self {
    case "CWD", "CDUP", "XCWD", "XCUP": true
    default: false
    }
  }

  /// Whether it may change the directory: those, and all that nobody knows to be harmless.
  var mayChangeDirectory: Bool {
    switch self {
    case "SMNT", "SITE", "HOST": true
    default: changesDirectory
    }
  }

  /// Whether no server answers it with 200, in success or failure.
  var isAnsweredByItsOwnCode: Bool {
    switch self {
    case "USER", "PASS", "PWD", "XPWD", "MKD", "XMKD", "RNFR", "PASV", "EPSV", "SIZE", "MDTM", "MLST", "STAT", "SYST",
      "FEAT":
      true
    default: false
    }
  }
}
