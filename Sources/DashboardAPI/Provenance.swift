/// Where a request comes from, as far as a browser cannot be made to lie about it. It is asked before anything else, of every request:
/// a page of the web that somebody here has loaded may reach us, by a name that its server lets lead to 127.0.0.1 (DNS rebinding) or
/// straight; and pages of other servers on this machine are of the same site.
public struct Provenance: Sendable {
  private let hosts: [String]

  /// - Parameter port: ours.
  public init(port: Int) { hosts = ["127.0.0.1:\(port)", "localhost:\(port)"] }

  public func refusal(of request: WebRequest) -> Refusal? {
    let host = request["Host"]
    guard host.count == 1, hosts.contains(host[0].lowercased()) else {
      return Refusal(421, "Host: names another place than this", do: "ask for http://\(hosts[0])/")
    }
    let origins = request["Origin"]
    guard origins.isEmpty || origins == ["http://\(host[0].lowercased())"] else {
      return Refusal(403, "Origin: a page from elsewhere may not ask")
    }
    // Browsers say it of their own accord; programs do not. A link from anywhere may lead to the page, which holds nothing.
    let sites = request["Sec-Fetch-Site"]
    let isLink =
      request.method == "GET" && request.path == "/" && request["Sec-Fetch-Mode"] == ["navigate"]
      && request["Sec-Fetch-Dest"] == ["document"]
    guard isLink || sites.isEmpty || sites == ["same-origin"] || sites == ["none"] else {
      return Refusal(403, "Sec-Fetch-Site: a page from elsewhere may not ask")
    }
    return nil
  }
}
