import CLinux

extension ArraySlice<UInt8> {
  /// Whether these bytes occur.
  package func holds(_ words: [UInt8]) -> Bool {
    withUnsafeBytes { clinux_contains($0.baseAddress, $0.count, words, words.count) != 0 }
  }
}
