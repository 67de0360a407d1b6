extension Style {
  /// In what a part of a line is shown.
  public enum Paint: Sendable { case plain, bold, dim, red, green, yellow, cyan }

  public func painted(_ text: String, _ paint: Paint) -> String {
    switch paint {
    case .plain: text
    case .bold: bold(text)
    case .dim: dim(text)
    case .red: red(text)
    case .green: green(text)
    case .yellow: yellow(text)
    case .cyan: cyan(text)
    }
  }

  /// A line of several parts: on a terminal it is cut where that ends, else whole.
  /// - Parameter width: of the terminal by now; nil: as it was at the start.
  public func line(_ parts: [(text: String, paint: Paint)], width: Int? = nil) -> String {
    var room = isTerminal ? width ?? self.width : .max
    var line = ""
    for (index, part) in parts.enumerated() where !part.text.isEmpty {
      var text = part.text
      if isTerminal {
        // Where more is to come that has no room, this ends with the ellipsis.
        let rest = parts[(index + 1)...].reduce(0) { $0 + $1.text.columns }
        let columns = text.columns
        if columns > room || columns == room && rest > 0 {
          return line + painted((text + "  ").cut(to: room), part.paint)
        }
        room -= columns
      }
      if index == parts.count - 1 { while text.last == " " { text.removeLast() } }
      line += painted(text, part.paint)
    }
    return line
  }
}
