/// What a connection may do (docs/dashboard.md).
enum Limits {
  /// Of a request's head: more than any browser sends.
  static let head = 16384
  /// Of its body: a note has 4000 characters.
  static let body = 65536
  /// For so long a request may take to come.
  static let request = Duration.seconds(10)
  /// For so long an answer may take to go.
  static let answer = Duration.seconds(30)
  /// Between two requests.
  static let idle = Duration.seconds(60)
  static let connections = 100
  /// A line is held open for so long after our last word, for its client to hear it.
  static let linger = Duration.seconds(5)
}
