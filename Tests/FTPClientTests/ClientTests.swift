import Testing

/// The tests of the client, one after the other.
///
/// They block their thread while they wait for a server, and many measure how long a wait took: side by side they
/// would take each other's threads, and the time limit would count the time in the queue.
@Suite(.serialized, .timeLimit(.minutes(1))) enum ClientTests {}
