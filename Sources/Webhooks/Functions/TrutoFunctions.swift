import Cryptography
import JSON
import JSONata

/// Truto's functions beside JSONata's own, as far as they make sense on a receiver.
enum TrutoFunctions {
    /// The functions of an integration; with `truto` also those that replace JSONata's own.
    static func all(replacing: Bool) -> [CustomFunction] {
        text + query + formats + cryptography + data + lists + finders
            + (replacing ? replacements : [])
    }

    /// The argument at a place, nil when it is missing or null.
    static func given(_ arguments: [JSONValue?], _ place: Int) -> JSONValue? {
        guard place < arguments.count, let value = arguments[place], !value.isNull else {
            return nil
        }
        return value
    }

    static func string(_ arguments: [JSONValue?], _ place: Int) -> String? {
        given(arguments, place)?.stringValue
    }

    /// An array as it is, anything else as the one element of an array.
    static func elements(_ value: JSONValue?) -> [JSONValue] {
        guard let value else { return [] }
        return value.arrayValue ?? [value]
    }

    /// Falsy as lodash has it: false, zero, empty text, null.
    static func isFalsy(_ value: JSONValue) -> Bool {
        switch value.kind {
        case .null: true
        case .bool: value.boolValue == false
        case .number: value.doubleValue == 0 || value.doubleValue?.isNaN == true
        case .string: value.stringValue?.isEmpty == true
        case .array, .object: false
        }
    }

    // MARK: Text

    static let text: [CustomFunction] = [
        CustomFunction("base64decode", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            let isURLSafe = given(arguments, 1)?.boolValue == true
            let bytes = Array(text.utf8)
            let decoded =
                isURLSafe
                ? Encodings.decodeBase64URL(bytes.span)
                : Encodings.decodeBase64(bytes.span, padding: .optional)
            guard let decoded else {
                throw JSONataError(code: "P0001", message: "$base64decode: this is not base64")
            }
            return .string(String(decoding: decoded, as: UTF8.self))
        },
        CustomFunction("base64encode", arity: 2) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            let bytes = Array(text.utf8)
            let encoded =
                given(arguments, 1)?.boolValue == true
                ? Encodings.encodeBase64URL(bytes) : Encodings.encodeBase64(bytes)
            return .string(String(decoding: encoded, as: UTF8.self))
        },
        CustomFunction("jsonParse", arity: 1) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            return (try? JSONValue(parsing: Array(text.utf8))) ?? .null
        },
        CustomFunction("uuid", arity: 0) { (_, environment) throws(JSONataError) in
            let bits = { UInt64(environment.random() * 0x1p53) }
            return .string(
                UUIDText.version4(
                    high: bits() << 32 ^ bits(), low: bits() << 32 ^ bits()))
        },
        CustomFunction("wrap", arity: 3) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0), let before = string(arguments, 1) else {
                return given(arguments, 0)
            }
            return .string(before + text + (string(arguments, 2) ?? before))
        },
    ]

    // MARK: Cryptography

    private static func algorithm(_ name: String?) throws(JSONataError) -> DigestAlgorithm {
        guard let algorithm = DigestAlgorithm(name: name ?? "sha256") else {
            throw JSONataError(code: "P0002", message: "there is no algorithm of that name")
        }
        return algorithm
    }

    /// The text of a digest; nil for an unknown output, as Truto has it.
    private static func output(_ bytes: [UInt8], _ format: String) -> JSONValue? {
        switch format {
        case "hex": .string(String(decoding: Encodings.encodeHex(bytes), as: UTF8.self))
        case "base64": .string(String(decoding: Encodings.encodeBase64(bytes), as: UTF8.self))
        case "base64-urlSafe":
            .string(String(decoding: Encodings.encodeBase64URL(bytes), as: UTF8.self))
        default: nil
        }
    }

    static let cryptography: [CustomFunction] = [
        CustomFunction("digest", arity: 3) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            let algorithm = try algorithm(string(arguments, 1))
            guard let digest = try? Digest.hash(algorithm, of: Array(text.utf8)) else { return nil }
            return output(digest, string(arguments, 2) ?? "hex")
        },
        // Truto's order: the algorithm comes before the secret.
        CustomFunction("sign", arity: 5) { (arguments, _) throws(JSONataError) in
            guard let text = string(arguments, 0) else { return nil }
            let name = string(arguments, 1) ?? ""
            let algorithm = try algorithm(name.isEmpty ? nil : name)
            guard let secret = string(arguments, 2), !secret.isEmpty else {
                // An empty key would sign for anybody.
                throw JSONataError(code: "P0003", message: "$sign needs a secret")
            }
            let encoding = string(arguments, 4).flatMap(HMACScheme.SecretEncoding.init(rawValue:))
            guard let key = SignatureVerifier.key(Array(secret.utf8), encoding ?? .utf8),
                let code = try? HMAC(algorithm, key: Secret(key)).authenticate(Array(text.utf8))
            else { throw JSONataError(code: "P0003", message: "$sign cannot use this secret") }
            return output(code, string(arguments, 3) ?? "hex")
        },
    ]
}
