import CommandLine
import Testing

@Suite struct ColumnsTests {
  static let widths: [(String, Int)] = [
    ("", 0), ("plain", 5), ("Über", 4), ("e\u{301}", 1), ("日本語", 6), ("한국", 4), ("\u{1112}\u{1161}\u{11AB}", 2),
    ("ﾊﾝ", 2),
    ("🙂", 2), ("👩‍👩‍👧", 2), ("👍🏽", 2), ("🇵🇹", 2), ("❤️", 2), ("✓", 1), ("…", 1), ("a\u{200B}b", 2), ("שלום", 4),
    ("\u{1B}[31mred\u{1B}[0m", 3), ("नि", 2),
  ]

  @Test(arguments: widths) func aTextIsSoWide(_ text: String, _ columns: Int) { #expect(text.columns == columns) }

  static let cuts: [(String, Int, String)] = [
    ("short", 5, "short"), ("longer", 5, "long…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"),
    ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
    ("two words", 5, "two…"), ("x", 0, ""), ("xy", 1, "…"),
  ]

  @Test(arguments: cuts) func whatDoesNotFitEndsWithAnEllipsis(_ text: String, _ width: Int, _ cut: String) {
    #expect(text.cut(to: width) == cut && cut.columns <= width)
  }

  @Test func whatIsPlainIsLeftAsItIs() {
    #expect(Style.plain.red("x") == "x" && Style.plain.fitted(String(repeating: "x", count: 200)).count == 200)
    let style = Style(isTerminal: true, isColoured: true, width: 10)
    #expect(style.red("x") == "\u{1B}[31mx\u{1B}[0m" && style.fitted("0123456789a").columns == 10)
  }

  @Test func columnsOfATableStandUnderEachOther() {
    #expect(Table.aligned([["日本", "a"], ["x", "b"]]) == "日本  a\nx     b")
  }
}
