import HTTPServer
import JSON
import Webhooks

/// `postern send`.
enum SendCommand {
    static let specification = CommandSpecification(
        ["send"], "Sign a request as the vendor would, and send it",
        details: """
            Signs by the integration's own signature_verification (hmac, digest, basic, bearer, token,
            jwt with a shared secret). Exits with 1 when the answer is not 2xx.
            """,
        options: [
            CommonOptions.config,
            OptionSpecification("integration", "NAME", "Whose delivery it is"),
            OptionSpecification("account", "ID", "For one account: its context holds the secret"),
            OptionSpecification("url", "URL", "Where to; by default this configuration's listener"),
            OptionSpecification("file", "BODY", "The body; - is standard input; empty by default"),
            OptionSpecification("data", "TEXT", "The body as text"),
            OptionSpecification("header", "NAME: VALUE", "A header; may repeat", repeats: true),
            OptionSpecification("method", "METHOD", "POST by default"),
            CommonOptions.certificateAuthorities,
            OptionSpecification("dry-run", nil, "Print the request instead of sending it"),
        ], run: run)

    @Sendable private static func run(_ invocation: Invocation) -> ExitCode {
        guard let name = invocation["integration"] else {
            return invocation.usage("--integration is missing")
        }
        guard let loaded = CommonOptions.everything(invocation) else { return .configuration }
        let found = loaded.integrations.first {
            $0.integration.name == name || $0.integration.id == name
        }
        guard let integration = found?.integration else {
            invocation.terminal.error("there is no integration \(name)")
            return .usage
        }
        let account = invocation["account"].flatMap { id in
            loaded.accounts.first { $0.id == id && $0.integration == integration.name }
        }
        if let id = invocation["account"], account == nil {
            invocation.terminal.error("the integration \(name) has no account \(id)")
            return .usage
        }
        var path = "/webhooks/\(integration.name)"
        if let account { path += "/\(account.id)" }
        guard let url = invocation["url"] ?? defaultURL(loaded.configuration, path) else {
            return invocation.usage("--url is missing: the configuration listens on no TCP address")
        }
        guard let body = body(invocation) else { return .unavailable }
        guard let headers = headers(invocation, body) else { return .usage }
        var signer = RequestSigner(
            context: account?.context ?? JSONObject(), variables: loaded.variables.values,
            nowMilliseconds: Clock.nowMilliseconds, method: invocation["method"] ?? "POST",
            url: loaded.configuration.publicURL.map { $0 + path } ?? url, headers: headers,
            body: body)
        let webhook = integration.source["config"]?["webhook"]
        do throws(RequestSigner.Failure) {
            try signer.sign(webhook?["signature_verification"])
        } catch {
            invocation.terminal.error("integration \(name): \(error.message)")
            return .wrong
        }
        var target = url
        for (name, value) in signer.query {
            target += (target.contains("?") ? "&" : "?") + "\(name)=\(percentEncoded(value))"
        }
        if invocation.has("dry-run") {
            invocation.terminal.print("\(signer.method) \(target)")
            for (name, value) in signer.headers { invocation.terminal.print("\(name): \(value)") }
            invocation.terminal.print("")
            invocation.terminal.write(body)
            return .done
        }
        return send(signer, target, body, invocation)
    }

    private static func send(
        _ signer: RequestSigner, _ url: String, _ body: [UInt8], _ invocation: Invocation
    ) -> ExitCode {
        do throws(HTTPClient.Failure) {
            let answer = try CommonOptions.client(invocation).send(
                method: signer.method, url: url,
                fields: signer.headers.map { ($0.name, $0.value) }, body: body)
            invocation.terminal.print("\(answer.status)")
            if !answer.body.isEmpty {
                let text = String(decoding: answer.body, as: UTF8.self)
                invocation.terminal.write(text.hasSuffix("\n") ? text : text + "\n")
            }
            return (200..<300).contains(answer.status) ? .done : .wrong
        } catch {
            invocation.terminal.error(error.description)
            return .unavailable
        }
    }

    private static func defaultURL(_ configuration: Configuration, _ path: String) -> String? {
        configuration.listen.lazy.compactMap { $0.localURL() }.first.map { $0 + path }
    }

    private static func body(_ invocation: Invocation) -> [UInt8]? {
        if let text = invocation["data"] { return Array(text.utf8) }
        guard let file = invocation["file"] else { return [] }
        do throws(FileError) {
            if file == "-" { return try invocation.terminal.readInput() }
            return try FileSystem.read(file)
        } catch {
            invocation.terminal.error("\(error)")
            return nil
        }
    }

    private static func headers(
        _ invocation: Invocation, _ body: [UInt8]
    ) -> [(name: String, value: String)]? {
        var headers: [(name: String, value: String)] = []
        for text in invocation.all("header") {
            guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else {
                _ = invocation.usage("--header takes NAME: VALUE, not \"\(text)\"")
                return nil
            }
            let value = text[text.index(after: colon)...].drop { $0 == " " }
            headers.append((text[..<colon].lowercased(), String(value)))
        }
        if !headers.contains(where: { $0.name == "content-type" }), !body.isEmpty,
            (try? JSONDocument(parsing: body)) != nil
        {
            headers.append(("content-type", "application/json"))
        }
        return headers
    }

    /// RFC 3986 §2.3: everything but unreserved characters.
    private static func percentEncoded(_ text: String) -> String {
        var out: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
