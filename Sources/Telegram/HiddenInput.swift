import Glibc

/// A line typed without an echo; whoever ends us meanwhile leaves the terminal as it was.
enum HiddenInput {
  /// What the terminal was like; for the signal's handler, which can hold nothing.
  nonisolated(unsafe) private static var before = termios()

  static func readLine(prompt: String) -> String? {
    tcgetattr(STDIN_FILENO, &before)
    var quiet = before
    quiet.c_lflag &= ~tcflag_t(ECHO)
    let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    for number in signals {
      signal(number) { number in
        tcsetattr(STDIN_FILENO, TCSANOW, &HiddenInput.before)
        _exit(128 + number)
      }
    }
    signal(SIGTSTP, SIG_IGN)
    // Before the prompt: who pastes at once is not shown either.
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet)
    print(prompt, terminator: "")
    fflush(nil)
    let line = Swift.readLine()
    tcsetattr(STDIN_FILENO, TCSANOW, &before)
    for number in signals + [SIGTSTP] { signal(number, SIG_DFL) }
    print("")
    return line
  }
}
