/// z/OS with `SITE FILETYPE=JES`: the jobs of a user. The name is the job's number, which `RETR` and `DELE` take.
///
///     IBMUSER1  JOB01906  OUTPUT    3 Spool Files
///     IBMUSER2 JOB01906 IBMUSER  OUTPUT A        RC=0000 3 spool files
enum JESFormat {
  static func entry(_ line: ListingLine, _ context: ListingContext) -> ListingEntry? {
    let number = line[1].drop { $0.isLetter }
    let letters = line[1].prefix { $0.isLetter }
    guard ["job", "tsu", "stc", "j", "t", "s"].contains(where: letters.isWord), number.isDecimal else { return nil }
    let statuses = ["input", "active", "output", "held"]
    // Level 2 of the interface has the owner before the status.
    let hasOwner = statuses.contains(where: line[3].isWord)
    guard hasOwner || statuses.contains(where: line[2].isWord) else { return nil }
    var entry = ListingEntry(name: line[1], kind: .file)
    if hasOwner { entry.owner = Array(line[2]) }
    return entry
  }
}
