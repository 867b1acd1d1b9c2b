import Foundation
import TestSupport
import Testing

/// One request to a recipe and what must come of it.
struct VendorCase: Sendable, CustomTestStringConvertible {
    struct Request: Sendable {
        var method: String
        /// Scheme, host, path and query as the vendor called it.
        var url: String
        var headers: [Header]
        var body: [UInt8]
    }

    struct Header: Sendable, Equatable {
        var name: String
        var value: String
    }

    struct Answer: Sendable {
        var statusCode: Int
        var body: String?
        /// Compared as a value.
        var json: JSONText?
        var headers: [Header]
    }

    struct Event: Sendable, Equatable {
        var id: String?
        var type: String
    }

    /// What `expect` says.
    enum Expectation: String, Sendable {
        case accept
        case reject
        case rejectOrFailed = "reject_or_failed"
        case handshake
        case meta
        case misconfigured
    }

    var id: String
    var recipe: String
    var context: JSONText
    var environmentVariables: [String: String]
    /// Address → JSON Web Key Set.
    var keySets: [String: JSONText]
    var receivedAtMilliseconds: Int64
    var request: Request
    var expectation: Expectation
    var reason: String?
    var answer: Answer?
    var events: [Event]?
    var eventID: String?
    var eventType: String?
    var contextUpdate: JSONText?
    /// Negatives are derived from it.
    var isDerivedFrom: Bool

    var testDescription: String { id }
}

/// How a vendor file says negatives are derived from its accepted cases.
struct Derivation: Sendable {
    var signatureHeaders: [String]
    /// A regular expression whose group is the signature or token in the body or the URL.
    var signaturePattern: String?
    /// Keys of the account's context.
    var secrets: [String]
    /// A well-formed secret that is not the right one; nil = a text of the same kind is made.
    var wrongSecret: String?
    /// The window, both ways; nil = the vendor has no timestamp.
    var toleranceSeconds: Int64?
    /// Room at the window's ends for timestamps with fractions of a second.
    var slackSeconds: Int64
    /// The signature does not cover the body.
    var isBodyUnsigned: Bool
}

struct VendorFile: Sendable {
    var vendor: String
    var recipe: String
    var evidence: String
    var derivation: Derivation
    var cases: [VendorCase]

    /// Every file of `Vectors/vendors`, in order of names.
    static let all: [VendorFile] = {
        let folder = Folders.vectors.appendingPathComponent("vendors")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            guard let data = try? Data(contentsOf: folder.appendingPathComponent(name)),
                let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
            else { return nil }
            return VendorFile(object)
        }
    }()

    static let cases = all.flatMap(\.cases)
}

extension VendorFile {
    init?(_ object: [String: Any]) {
        guard let vendor = object["vendor"] as? String, let recipe = object["recipe"] as? String,
            let evidence = object["evidence"] as? String,
            let derive = object["derive"] as? [String: Any],
            let cases = object["cases"] as? [[String: Any]]
        else { return nil }
        self.vendor = vendor
        self.recipe = recipe
        self.evidence = evidence
        derivation = Derivation(
            signatureHeaders: derive["signature_headers"] as? [String] ?? [],
            signaturePattern: derive["signature_pattern"] as? String,
            secrets: derive["secrets"] as? [String] ?? [],
            wrongSecret: derive["wrong_secret"] as? String,
            toleranceSeconds: (derive["tolerance_seconds"] as? NSNumber)?.int64Value,
            slackSeconds: (derive["tolerance_slack_seconds"] as? NSNumber)?.int64Value ?? 0,
            isBodyUnsigned: derive["unsigned_body"] as? Bool ?? false)
        self.cases = cases.compactMap(VendorCase.init)
        if self.cases.count != cases.count { return nil }
    }
}

extension VendorCase {
    init?(_ object: [String: Any]) {
        guard let id = object["id"] as? String, let recipe = object["recipe"] as? String,
            let account = object["account"] as? [String: Any],
            let context = account["context"],
            let receivedAt = object["received_at"] as? NSNumber,
            let request = object["request"] as? [String: Any],
            let expect = object["expect"] as? String,
            let expectation = Expectation(rawValue: expect),
            let parsedRequest = Request(request)
        else { return nil }
        self.id = id
        self.recipe = recipe
        self.context = JSONText(context)
        environmentVariables = object["environment_variables"] as? [String: String] ?? [:]
        keySets = (object["key_sets"] as? [String: Any] ?? [:]).mapValues(JSONText.init)
        receivedAtMilliseconds = receivedAt.int64Value
        self.request = parsedRequest
        self.expectation = expectation
        reason = object["reason"] as? String
        answer = (object["response"] as? [String: Any]).map(Answer.init)
        events = (object["events"] as? [[String: Any]])?.map {
            Event(id: $0["id"] as? String, type: $0["type"] as? String ?? "")
        }
        eventID = object["event_id"] as? String
        eventType = object["event_type"] as? String
        contextUpdate = object["update_context"].map(JSONText.init)
        isDerivedFrom = object["derive"] as? Bool ?? true
    }
}

extension VendorCase.Request {
    init?(_ object: [String: Any]) {
        guard let method = object["method"] as? String, let url = object["url"] as? String,
            let headers = object["headers"] as? [[String]],
            headers.allSatisfy({ $0.count == 2 })
        else { return nil }
        if let text = object["body"] as? String {
            body = Array(text.utf8)
        } else if let text = object["body_base64"] as? String,
            let data = Data(base64Encoded: text)
        {
            body = Array(data)
        } else {
            return nil
        }
        self.method = method
        self.url = url
        self.headers = headers.map { VendorCase.Header(name: $0[0], value: $0[1]) }
    }

    /// The same request with other values of the named headers.
    func replacing(_ names: [String], _ values: (String) -> [String]) -> Self {
        var copy = self
        copy.headers = headers.flatMap { header in
            names.contains { $0.lowercased() == header.name.lowercased() }
                ? values(header.value).map { VendorCase.Header(name: header.name, value: $0) }
                : [header]
        }
        return copy
    }
}

extension VendorCase.Answer {
    init(_ object: [String: Any]) {
        statusCode = (object["status_code"] as? NSNumber)?.intValue ?? 200
        body = object["body"] as? String
        json = object["json"].map(JSONText.init)
        headers = (object["headers"] as? [[String]] ?? []).map {
            VendorCase.Header(name: $0[0], value: $0[1])
        }
    }
}

/// A JSON value as canonical text (keys sorted), so that it can be sent about and compared.
struct JSONText: Sendable, Equatable {
    var bytes: [UInt8]

    init(_ value: Any) {
        let data = try? JSONSerialization.data(
            withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        bytes = data.map(Array.init) ?? []
    }

    /// Of JSON text; nil when it is none.
    init?(parsing bytes: [UInt8]) {
        let options: JSONSerialization.ReadingOptions = [.fragmentsAllowed]
        guard let value = try? JSONSerialization.jsonObject(with: Data(bytes), options: options)
        else { return nil }
        self.init(value)
    }

    var members: [String: String] {
        let value = try? JSONSerialization.jsonObject(with: Data(bytes))
        return (value as? [String: Any] ?? [:]).compactMapValues { $0 as? String }
    }

    /// An object with one member set (nil takes it out).
    func setting(_ key: String, to value: String?) -> JSONText {
        let object = try? JSONSerialization.jsonObject(with: Data(bytes))
        var members = object as? [String: Any] ?? [:]
        members[key] = value
        return JSONText(members)
    }
}
