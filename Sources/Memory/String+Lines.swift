/// Swift takes \r\n for one character, which is not \n.
extension String {
  /// What stands between its newlines; of a line that ends as in Windows, with its \r.
  package var lines: [Substring] {
    utf8.split(separator: 10, omittingEmptySubsequences: false).map(Substring.init)
  }

  package var endsItsLine: Bool { utf8.last == 10 }
}
