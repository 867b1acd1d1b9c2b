import Cryptography
import JSON
import Webhooks

/// Signs a request as the vendor of an integration would, from the integration's own
/// `signature_verification`.
struct RequestSigner {
    /// Why a request cannot be signed.
    struct Failure: Error { let message: String }

    let context: JSONObject
    let variables: [String: Secret]
    let nowMilliseconds: Int64
    let body: [UInt8]
    let method: String
    /// The public URL that the receiver believes it has.
    var url: String
    /// Lower-case names.
    var headers: [(name: String, value: String)]
    /// Parameters of the signature header itself.
    private var parameters: [String: String] = [:]
    /// Query members that carry a signature.
    private(set) var query: [(name: String, value: String)] = []

    init(
        context: JSONObject, variables: [String: Secret], nowMilliseconds: Int64, method: String,
        url: String, headers: [(name: String, value: String)], body: [UInt8]
    ) {
        self.context = context
        self.variables = variables
        self.nowMilliseconds = nowMilliseconds
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// Adds what a `signature_verification` wants to see.
    mutating func sign(_ verification: JSONValue?) throws(Failure) {
        guard let verification, verification.stringValue != "none" else { return }
        let config = verification["config"] ?? [:]
        switch verification["format"]?.stringValue {
        case "hmac": try signHMAC(config, isDigest: false)
        case "digest": try signHMAC(config, isDigest: true)
        case "token": try place(try secret(config, "secret"), config["compare_with"])
        case "bearer":
            let token = String(decoding: try secret(config, "secret"), as: UTF8.self)
            try place("Bearer \(token)", config)
        case "basic":
            let pair =
                try secret(config, "username") + [UInt8(ascii: ":")]
                + (try secret(config, "password"))
            try place(
                "Basic " + String(decoding: Encodings.encodeBase64(pair), as: UTF8.self), config)
        case "jwt": try signJWT(config)
        case "all":
            for scheme in verification["of"]?.arrayValue ?? config["of"]?.arrayValue ?? [] {
                try sign(scheme)
            }
        case "any": try signAny(verification["of"]?.arrayValue ?? config["of"]?.arrayValue ?? [])
        case let format:
            throw Failure(
                message: "the format \(format ?? "?") cannot be signed here: "
                    + "its private key is the vendor's")
        }
    }

    private mutating func signAny(_ schemes: [JSONValue]) throws(Failure) {
        var failure = Failure(message: "there is nothing to sign with")
        for scheme in schemes {
            do throws(Failure) { return try sign(scheme) } catch { failure = error }
        }
        throw failure
    }

    /// The first entry of a secret that has a value.
    private func secret(_ config: JSONValue, _ key: String) throws(Failure) -> [UInt8] {
        let entries = config[key]?.arrayValue ?? [config[key]].compactMap { $0 }
        for entry in entries {
            let template = SigningTemplate(entry.stringValue ?? "")
            if let bytes = template.render(lookup), !bytes.isEmpty { return bytes }
        }
        throw Failure(message: "\(key) has no value; set it in the context or the environment")
    }

    private func lookup(_ path: [String]) -> [UInt8]? {
        guard let root = path.first else { return nil }
        let name = path.dropFirst().joined(separator: ".")
        if root == "environment_variables" { return variables[name]?.bytes }
        if let value = Self.member(.object(context), path) { return Self.bytes(value) }
        switch root {
        case "context":
            return Self.member(.object(context), Array(path.dropFirst())).map(Self.bytes)
        case "raw_body": return body
        case "method": return Array(method.utf8)
        case "url": return Array(url.utf8)
        case "signature": return parameters[name].map { Array($0.utf8) }
        case "headers":
            return headers.first { $0.name == name }.map { Array($0.value.utf8) }
        case "query": return query.first { $0.name == name }.map { Array($0.value.utf8) }
        case "body":
            guard let value = try? JSONValue(parsing: body) else { return nil }
            return Self.member(value, Array(path.dropFirst())).map(Self.bytes)
        default: return nil
        }
    }

    private static func member(_ value: JSONValue, _ path: [String]) -> JSONValue? {
        path.reduce(Optional(value)) { value, key in
            value?[key] ?? Int(key).flatMap { value?[$0] }
        }
    }

    private static func bytes(_ value: JSONValue) -> [UInt8] {
        value.stringValue.map { Array($0.utf8) } ?? value.serialized()
    }

    private mutating func signHMAC(_ config: JSONValue, isDigest: Bool) throws(Failure) {
        if let text = config["timestamp"]?.stringValue { stamp(text, config) }
        let signed = config["signed_string"]?.arrayValue?.first ?? config["signed_string"]
        let template = SigningTemplate(signed?.stringValue ?? "{{raw_body}}")
        for name in template.members(of: "headers")
        where !headers.contains(where: { $0.name == name }) {
            headers.append(
                (name, "msg_" + RequestIdentifiers(seed: UInt64.random(in: 0 ... .max)).next()))
        }
        for name in template.members(of: "signature") where parameters[name] == nil {
            parameters[name] = String(nowMilliseconds / 1000)
        }
        let name = config["algorithm"]?.stringValue ?? "sha256"
        guard let algorithm = DigestAlgorithm(name: name) else {
            throw Failure(message: "the algorithm \(name) is not known")
        }
        let secretText = config["secret"] == nil && isDigest ? [] : try secret(config, "secret")
        let text = template.render { path in
            path == ["secret"] ? secretText : lookup(path)
        }
        guard let text else {
            throw Failure(message: "signed_string names something that is missing")
        }
        let key = isDigest ? [] : key(secretText, config["secret_encoding"]?.stringValue)
        guard let key else { throw Failure(message: "the secret is not of its secret_encoding") }
        let code: [UInt8]
        do throws(CryptographyError) {
            code =
                isDigest
                ? try Digest.hash(algorithm, of: text)
                : try HMAC(algorithm, key: Secret(key)).authenticate(text)
        } catch { throw Failure(message: "\(error)") }
        let signature = encode(code, config)
        try place(Array(try header(signature, config).utf8), config["compare_with"])
    }

    private func key(_ text: [UInt8], _ encoding: String?) -> [UInt8]? {
        let string = String(decoding: text, as: UTF8.self)
        switch encoding {
        case "base64": return Encodings.decodeBase64(string)
        case "base64url": return Encodings.decodeBase64URL(string)
        case "hex": return Encodings.decodeHex(string)
        case "whsec":
            return Encodings.decodeBase64(
                string.hasPrefix("whsec_") ? String(string.dropFirst(6)) : string)
        default: return text
        }
    }

    private func encode(_ code: [UInt8], _ config: JSONValue) -> String {
        let bytes =
            switch config["encoding"]?.stringValue ?? config["string_type"]?.stringValue {
            case "base64": Encodings.encodeBase64(code)
            case "base64url": Encodings.encodeBase64URL(code)
            default: Encodings.encodeHex(code)
            }
        return (config["prefix"]?.stringValue ?? "") + String(decoding: bytes, as: UTF8.self)
    }

    /// Gives the timestamp a value where the configuration looks for it.
    private mutating func stamp(_ text: String, _ config: JSONValue) {
        let now: String =
            switch config["timestamp_format"]?.stringValue {
            case "unix_ms": String(nowMilliseconds)
            case "iso8601": TimeText.iso8601(nowMilliseconds)
            default: String(nowMilliseconds / 1000)
            }
        let template = SigningTemplate(text)
        for name in template.members(of: "headers")
        where !headers.contains(where: { $0.name == name }) {
            headers.append((name, now))
        }
        for name in template.members(of: "signature") { parameters[name] = now }
    }

    /// `t=1700000000,v1=…` when the header has parameters, the signature alone otherwise.
    private func header(_ signature: String, _ config: JSONValue) throws(Failure) -> String {
        let separator = config["split"]?.stringValue ?? ","
        let named = parameters.filter { Int($0.key) == nil }.sorted { $0.key < $1.key }
        let positional = parameters.filter { Int($0.key) != nil }.sorted { $0.key < $1.key }
        let parts = positional.map(\.value) + named.map { "\($0.key)=\($0.value)" } + [signature]
        return parts.joined(separator: separator)
    }

    private mutating func place(_ value: String, _ config: JSONValue) throws(Failure) {
        try place(Array(value.utf8), config["compare_with"] ?? "{{headers.authorization}}")
    }

    /// Puts a value where `compare_with` looks for it.
    private mutating func place(_ value: [UInt8], _ compareWith: JSONValue?) throws(Failure) {
        let entry = compareWith?.arrayValue?.first ?? compareWith
        let template = SigningTemplate(entry?.stringValue ?? "")
        let text = String(decoding: value, as: UTF8.self)
        if let name = template.members(of: "headers").first {
            headers.removeAll { $0.name == name }
            headers.append((name, text))
        } else if let name = template.members(of: "query").first {
            query.append((name, text))
        } else {
            throw Failure(
                message: "compare_with looks at neither a header nor the query; "
                    + "sign the body by hand and give it with --file")
        }
    }

    private mutating func signJWT(_ config: JSONValue) throws(Failure) {
        let name = config["algorithms"]?.arrayValue?.first?.stringValue ?? "HS256"
        let digests: [String: DigestAlgorithm] = [
            "HS256": .sha256, "HS384": .sha384, "HS512": .sha512,
        ]
        guard let algorithm = digests[name] else {
            throw Failure(message: "\(name) cannot be signed here: its private key is the vendor's")
        }
        let now = JSONValue.number(JSONNumber(Double(nowMilliseconds / 1000)))
        let end = JSONValue.number(JSONNumber(Double(nowMilliseconds / 1000 + 300)))
        var claims: JSONObject = ["iat": now, "exp": end]
        if let issuer = config["issuer"] { claims["iss"] = issuer.arrayValue?.first ?? issuer }
        if let audience = config["audience"] {
            claims["aud"] = audience.arrayValue?.first ?? audience
        }
        for claim in config["required_claims"]?.arrayValue ?? [] {
            guard let key = claim.stringValue, claims[key] == nil else { continue }
            claims[key] = .string(RequestIdentifiers(seed: UInt64.random(in: 0 ... .max)).next())
        }
        for (key, value) in config["claims"]?.objectValue ?? JSONObject() {
            guard let text = value.stringValue else {
                claims[key] = value
                continue
            }
            let template = SigningTemplate(text)
            guard let bytes = template.render(lookup) else { continue }
            claims[key] = .string(String(decoding: bytes, as: UTF8.self))
        }
        let header: JSONObject = ["alg": .string(name), "typ": "JWT"]
        let parts = [header, claims].map {
            String(
                decoding: Encodings.encodeBase64URL(JSONValue.object($0).serialized()),
                as: UTF8.self)
        }
        let text = parts.joined(separator: ".")
        guard let key = key(try secret(config, "secret"), config["secret_encoding"]?.stringValue),
            let code = try? HMAC(algorithm, key: Secret(key)).authenticate(Array(text.utf8))
        else { throw Failure(message: "the secret is not of its secret_encoding") }
        let token =
            text + "." + String(decoding: Encodings.encodeBase64URL(code), as: UTF8.self)
        let isAuthorization =
            config["compare_with"]?.stringValue?.contains("headers.authorization") ?? true
        try place(isAuthorization ? "Bearer \(token)" : token, config)
    }
}
