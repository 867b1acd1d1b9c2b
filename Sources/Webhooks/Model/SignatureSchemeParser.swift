import Cryptography
import JSON

/// Reads `signature_verification`.
struct SignatureSchemeParser {
    var reader: ConfigurationReader
    private static let day: Int64 = 86_400_000

    init(reader: ConfigurationReader) { self.reader = reader }

    /// The scheme of a webhook block; nil, and a problem, when the block does not say.
    mutating func parse(_ webhook: JSONValue, _ path: [String]) -> SignatureScheme? {
        let path = path + ["signature_verification"]
        guard let block = webhook["signature_verification"], !block.isNull else {
            reader.report(
                path,
                "nothing verifies deliveries; say `signature_verification: none` if that is meant")
            return nil
        }
        if block.stringValue == "none" { return SignatureScheme.none }
        return scheme(block, path)
    }

    private mutating func scheme(_ block: JSONValue, _ path: [String]) -> SignatureScheme? {
        guard block.kind == .object else {
            reader.report(path, "must be an object with format and config, or `none`")
            return nil
        }
        reader.checkKeys(block, path, ["format", "config"])
        guard let format = reader.string(block, "format", path) else {
            reader.report(
                path + ["format"], "a format is needed: hmac, basic, bearer, jwt, token, …")
            return nil
        }
        let config = block["config"] ?? [:]
        let inner = path + ["config"]
        switch format {
        case "hmac", "digest": return hmac(config, inner, isDigest: format == "digest")
        case "basic": return basic(config, inner)
        case "bearer":
            reader.checkKeys(config, inner, ["secret", "compare_with"])
            return .bearer(
                secrets: needed(config, "secret", inner), authorization(config, inner))
        case "token":
            reader.checkKeys(config, inner, ["secret", "compare_with"])
            return .token(
                secrets: needed(config, "secret", inner),
                needed(config, "compare_with", inner))
        case "jwt": return jwt(config, inner)
        case "public_key": return publicKey(config, inner)
        case "all", "any":
            reader.checkKeys(config, inner, ["of"])
            let blocks = config["of"]?.arrayValue ?? []
            if blocks.isEmpty {
                reader.report(inner + ["of"], "must be a list of signature blocks")
            }
            var schemes: [SignatureScheme] = []
            for (place, block) in blocks.enumerated() {
                if let found = scheme(block, inner + ["of", String(place)]) {
                    schemes.append(found)
                }
            }
            return format == "all" ? .all(schemes) : .any(schemes)
        case "none":
            reader.report(path + ["format"], "write `signature_verification: none` instead")
            return nil
        default:
            reader.report(
                path + ["format"],
                "there is no format `\(format)`; it is one of hmac, basic, bearer, jwt, token, digest, "
                    + "public_key, all, any")
            return nil
        }
    }

    private mutating func needed(
        _ config: JSONValue, _ key: String, _ path: [String]
    ) -> [PlaceholderTemplate] {
        if let templates = reader.templates(config, key, path) {
            for text in reader.strings(config, key, path) ?? [] where text.isEmpty {
                reader.report(path + [key], "must not be empty")
            }
            return templates
        }
        if config[key] == nil { reader.report(path + [key], "is needed") }
        return []
    }

    /// `compare_with` of schemes that use the Authorization header by default.
    private mutating func authorization(
        _ config: JSONValue, _ path: [String]
    ) -> PlaceholderTemplate {
        let text = reader.string(config, "compare_with", path) ?? "{{headers.authorization}}"
        return reader.template(text, path + ["compare_with"]) ?? PlaceholderTemplate(literal: "")
    }

    private mutating func basic(_ config: JSONValue, _ path: [String]) -> SignatureScheme {
        reader.checkKeys(config, path, ["username", "password", "compare_with"])
        let usernames = needed(config, "username", path)
        let passwords = needed(config, "password", path)
        if usernames.count != passwords.count, usernames.count != 1 {
            reader.report(path + ["username"], "must be one, or as many as there are passwords")
        }
        return .basic(
            usernames: usernames, passwords: passwords, authorization(config, path))
    }

    private mutating func hmac(
        _ config: JSONValue, _ path: [String], isDigest: Bool, isPublicKey: Bool = false,
        usualEncoding: HMACScheme.TextEncoding = .hex
    ) -> SignatureScheme {
        reader.checkKeys(
            config, path,
            [
                "algorithm", "secret", "secret_encoding", "signed_string", "compare_with",
                "encoding",
                "string_type", "split", "prefix", "allow_weak_algorithm", "timestamp",
                "timestamp_format", "tolerance",
            ])
        var algorithm = DigestAlgorithm.sha256
        if let name = reader.string(config, "algorithm", path) {
            if let named = DigestAlgorithm(name: name) {
                algorithm = named
            } else {
                reader.report(path + ["algorithm"], "there is no algorithm `\(name)`")
            }
        }
        if algorithm.isWeak, reader.bool(config, "allow_weak_algorithm", path) != true {
            reader.report(
                path + ["algorithm"],
                "md5 is weaker than sha1; say `allow_weak_algorithm: true` if the vendor has no other",
                .warning)
        }
        let secrets = needed(config, "secret", path)
        let secretEncoding =
            reader.choice(config, "secret_encoding", path, HMACScheme.SecretEncoding.self) ?? .utf8
        let signedStrings =
            reader.templates(config, "signed_string", path)
            ?? (try? PlaceholderTemplate.parse("{{raw_body}}")).map { [$0] } ?? []
        let compareWith = needed(config, "compare_with", path)
        let key = config["encoding"] == nil ? "string_type" : "encoding"
        let encoding = reader.choice(config, key, path, HMACScheme.TextEncoding.self)
        let split = reader.string(config, "split", path)
        if split?.isEmpty == true { reader.report(path + ["split"], "must not be empty") }
        let prefix = reader.string(config, "prefix", path) ?? ""
        return .hmac(
            HMACScheme(
                isDigest: isDigest, isPublicKey: isPublicKey, algorithm: algorithm,
                secrets: secrets,
                secretEncoding: secretEncoding, signedStrings: signedStrings,
                compareWith: compareWith, encoding: encoding ?? usualEncoding, split: split,
                prefix: prefix, timestamp: timestamp(config, path)))
    }

    private mutating func timestamp(
        _ config: JSONValue, _ path: [String]
    ) -> HMACScheme.Timestamp? {
        let template = reader.string(config, "timestamp", path).flatMap {
            reader.template($0, path + ["timestamp"])
        }
        let format =
            reader.choice(config, "timestamp_format", path, HMACScheme.TimestampFormat.self)
            ?? .unix
        let tolerance = reader.duration(config, "tolerance", path) ?? 300_000
        if tolerance > Self.day {
            reader.report(
                path + ["tolerance"], "over a day: a recorded request stays valid that long",
                .warning)
        }
        return template.map {
            HMACScheme.Timestamp(template: $0, format: format, toleranceMilliseconds: tolerance)
        }
    }

    /// `public_key`: signed text, candidates and timestamp as in `hmac`; keys instead of secrets.
    private mutating func publicKey(
        _ config: JSONValue, _ path: [String]
    ) -> SignatureScheme? {
        reader.checkKeys(
            config, path,
            [
                "algorithm", "public_key", "signature_format", "signed_string", "compare_with",
                "encoding", "split", "prefix", "timestamp", "timestamp_format", "tolerance",
            ])
        guard let algorithm = reader.choice(config, "algorithm", path, SignatureAlgorithm.self)
        else {
            if config["algorithm"] == nil { reader.report(path + ["algorithm"], "is needed") }
            return nil
        }
        var object = config.objectValue ?? JSONObject()
        object["secret"] = object["public_key"]
        for key in ["algorithm", "public_key", "signature_format"] { object[key] = nil }
        let before = reader.problems.count
        guard
            case .hmac(let scheme) = hmac(
                .object(object), path, isDigest: false, isPublicKey: true,
                usualEncoding: config["encoding"] == nil ? .base64 : .hex)
        else { return nil }
        if reader.problems.count > before, config["public_key"] == nil {
            reader.report(path + ["public_key"], "is needed")
        }
        let isRaw = reader.string(config, "signature_format", path) == "raw"
        return .publicKey(scheme, algorithm, isRaw: isRaw)
    }

    private mutating func jwt(_ config: JSONValue, _ path: [String]) -> SignatureScheme {
        reader.checkKeys(
            config, path,
            [
                "secret", "public_key", "jwks", "secret_encoding", "algorithms", "issuer",
                "audience", "leeway", "max_age", "claims", "required_claims", "compare_with",
            ])
        var scheme = JWTScheme()
        keys(config, path, &scheme)
        scheme.issuers = reader.templates(config, "issuer", path) ?? []
        scheme.audiences = reader.templates(config, "audience", path) ?? []
        scheme.requiredClaims = reader.strings(config, "required_claims", path) ?? []
        scheme.leewayMilliseconds = reader.duration(config, "leeway", path) ?? 0
        scheme.maxAgeMilliseconds = reader.duration(config, "max_age", path)
        for (key, time) in [
            ("leeway", scheme.leewayMilliseconds), ("max_age", scheme.maxAgeMilliseconds ?? 0),
        ] where time > Self.day {
            reader.report(
                path + [key], "over a day: a recorded token stays valid that long", .warning)
        }
        for (name, value) in config["claims"]?.objectValue ?? JSONObject() {
            let place = path + ["claims", name]
            if let text = value.stringValue {
                if let template = reader.template(text, place) {
                    scheme.claims.append(
                        JWTScheme.Claim(name: name, value: template, literal: nil))
                }
            } else {
                scheme.claims.append(
                    JWTScheme.Claim(
                        name: name, value: PlaceholderTemplate(literal: ""), literal: value))
            }
        }
        scheme.compareWith = authorization(config, path)
        return .jwt(scheme)
    }

    /// `jwks`: a set, as an object or as text; its https address; `{file: PATH}`; or a placeholder.
    private mutating func keySet(
        _ config: JSONValue, _ path: [String]
    ) -> PlaceholderTemplate? {
        let place = path + ["jwks"]
        if let set = config["jwks"], set.kind == .object {
            if set["file"] != nil, set["keys"] == nil {
                reader.checkKeys(set, place, ["file"])
                guard let file = reader.string(set, "file", place) else { return nil }
                if file.isEmpty { reader.report(place + ["file"], "must not be empty") }
                return PlaceholderTemplate(literal: "file:" + file)
            }
            if JSONWebKeySet(set) == nil {
                reader.report(place, "mixes shared secrets with public keys")
            }
            return PlaceholderTemplate(literal: set.jsonString)
        }
        guard let text = reader.string(config, "jwks", path) else { return nil }
        if text.hasPrefix("{{") || text.hasPrefix("https://") {
            return reader.template(text, place)
        }
        if text.hasPrefix("{") {
            if JSONWebKeySet(document: Array(text.utf8)) == nil {
                reader.report(place, "is no key set with a key that can be used")
            }
            return PlaceholderTemplate(literal: text)
        }
        // `postern serve` lets tests fetch from the machine itself; anything else must be https.
        if text.hasPrefix("http://127.0.0.1:") || text.hasPrefix("http://[::1]:") {
            reader.report(
                place, "an address without TLS works with key_sets.allow_loopback", .warning)
            return reader.template(text, place)
        }
        reader.report(
            place, "must be a key set, an https address, {file: PATH} or a placeholder")
        return nil
    }

    /// What a token is checked with: a secret, public keys or a key set, and the algorithms that
    /// fit that kind of key.
    private mutating func keys(_ config: JSONValue, _ path: [String], _ scheme: inout JWTScheme) {
        let kinds = ["secret", "public_key", "jwks"].filter {
            config[$0].map { !$0.isNull } ?? false
        }
        if kinds.count != 1 {
            reader.report(path, "give one of secret, public_key and jwks")
        }
        if kinds.contains("secret") { scheme.secrets = needed(config, "secret", path) }
        if kinds.contains("public_key") { scheme.publicKeys = needed(config, "public_key", path) }
        if kinds.contains("jwks") { scheme.keySet = keySet(config, path) }
        scheme.secretEncoding =
            reader.choice(config, "secret_encoding", path, HMACScheme.SecretEncoding.self) ?? .utf8
        if let names = reader.strings(config, "algorithms", path) {
            scheme.algorithms = Set(names)
        } else if !kinds.isEmpty, kinds != ["secret"] {
            reader.report(path + ["algorithms"], "is needed with \(kinds.joined(separator: ", "))")
        }
        for name in scheme.algorithms {
            let fits =
                JWTScheme.digests[name] != nil
                ? !kinds.contains("public_key")
                : SignatureAlgorithm(joseName: name) != nil && !kinds.contains("secret")
            if !fits {
                let wanted =
                    kinds.contains("secret")
                    ? "HS256, HS384, HS512" : "RS, PS, ES 256, 384, 512 and EdDSA"
                reader.report(
                    path + ["algorithms"], "`\(name)` does not fit the key; use \(wanted)")
            }
        }
    }
}
