import Cryptography
import JSON
import JSONata

/// The values that expressions and placeholders see of one request, each made when it is touched.
final class RequestContext {
    let request: ReceivedRequest
    let account: AccountState
    private let frame: ContextFrame
    let environment: PipelineEnvironment
    /// Members that `payload_transform` replaced or added.
    private(set) var transformed = JSONObject()
    /// Those of them that it added.
    private(set) var added = JSONObject()
    private var hasReplacements = false
    private var transformSource = ""
    private var decoded: Result<[UInt8], MalformedReason>?
    private var parsed: Result<JSONValue, MalformedReason>?

    init(
        request: ReceivedRequest, account: AccountState, frame: ContextFrame,
        environment: PipelineEnvironment
    ) {
        self.request = request
        self.account = account
        self.frame = frame
        self.environment = environment
    }

    var environmentVariables: [String: Secret] { frame.environmentVariables }

    /// The JSON Web Key Set at an address, when the receiver has one.
    func keySet(_ address: String, _ demand: PipelineEnvironment.KeySetDemand) -> [UInt8]? {
        environment.keySet?(address, demand)
    }

    /// - Parameters:
    ///   - result: the transform's result.
    ///   - source: the transform's text.
    func replace(with result: consuming JSONObject, source: consuming String) {
        transformSource = source
        // Mostly it adds a few members: taken as they are.
        if result.count <= 8, result.allSatisfy({ Member($0.key) == nil }) {
            added = result
            transformed = result
            hasReplacements = false
            return
        }
        var (transformed, added) = (JSONObject(), JSONObject())
        for (key, value) in result {
            let member = Member(key)
            if let member, member.isFixed || member == .body && isReceivedBody(value) { continue }
            if member == nil { added[key] = value }
            transformed[key] = value
        }
        self.transformed = transformed
        self.added = added
        hasReplacements = transformed.count > added.count
    }

    /// True for the parsed body itself, handed through: its own bytes go into the event.
    private func isReceivedBody(_ value: JSONValue) -> Bool {
        guard case .node(let node) = value, case .success(.node(let body))? = parsed else {
            return false
        }
        return node.document === body.document && node.rawBytes.indices == body.rawBytes.indices
    }

    /// A member that the transform adds under a name of its own, written in its text.
    func written(_ name: String) -> JSONValue? {
        guard Member(name) == nil, let value = transformed[name],
            transformSource.contains("'\(name)'") || transformSource.contains("\"\(name)\"")
        else { return nil }
        return value
    }

    /// What a request has before any transform, in the order that expressions see.
    private enum Member: String, CaseIterable {
        case method, url, path, query, headers, body
        case rawBody = "raw_body"
        case rawBodyBase64 = "raw_body_base64"
        case rawBodyCRC32 = "raw_body_crc32"
        case remoteAddress = "remote_address"
        case receivedAt = "received_at"
        case context
        case environmentVariables = "environment_variables"
        case integration, account
        case clientCertificate = "client_certificate"

        static let all = allCases
        /// Few names are as long as another one, so that few have to be compared.
        private static let lengths = all.map { (name: $0, length: $0.rawValue.utf8.count) }

        init?(_ name: String) {
            let length = name.utf8.count
            for member in Self.lengths
            where member.length == length && member.name.rawValue.hasSameCodeUnits(as: name) {
                self = member.name
                return
            }
            return nil
        }

        /// A transform cannot replace it.
        var isFixed: Bool {
            switch self {
            case .context, .environmentVariables, .receivedAt, .remoteAddress, .clientCertificate:
                true
            default: false
            }
        }
    }

    static let names = Member.all.map(\.rawValue)
    private static let lazyKeys = LazyObject.Keys(names)

    /// Names that no update may give to a key of a context: in placeholders they mean a member of the
    /// request, of its signature or of what the transform makes, and a context goes before those.
    func isReserved(_ name: String) -> Bool {
        Member(name) != nil || name == "signature" || name == "item"
            || transformed[name] != nil || transformSource.contains("'\(name)':")
            || transformSource.contains("\"\(name)\":")
    }

    /// A member of the context after the transform; nil when there is none.
    func member(_ name: String) -> JSONValue? {
        guard let member = Member(name) else { return added[name] }
        return self.member(member)
    }

    /// What the transform put in a member's place.
    private func replacement(_ member: Member) -> JSONValue? {
        hasReplacements ? transformed[member.rawValue] : nil
    }

    private func member(_ member: Member) -> JSONValue? {
        if let value = replacement(member) { return value }
        switch member {
        case .method: return .string(request.method)
        case .url: return .string(request.publicURL)
        case .path: return .string(String(request.path))
        case .query: return .object(FormText.parse(String(request.query)) ?? JSONObject())
        case .headers: return headers
        case .body: return try? body().get()
        case .rawBody:
            return String(validating: request.body, as: UTF8.self).map(JSONValue.string)
        case .rawBodyBase64:
            return .string(String(decoding: Encodings.encodeBase64(request.body), as: UTF8.self))
        case .rawBodyCRC32: return .string(String(CRC32.checksum(request.body)))
        case .remoteAddress: return .string(request.remoteAddress)
        case .receivedAt: return .string(TimeText.iso8601(request.receivedAtMilliseconds))
        case .context: return .object(account.context)
        case .environmentVariables:
            let sorted = environmentVariables.sorted { $0.key < $1.key }
            return .object(
                JSONObject(sorted.map { (key: $0.key, value: .string($0.value.text)) }))
        case .integration:
            return ["id": .string(frame.id), "name": .string(frame.name)]
        case .clientCertificate: return request.clientCertificate.map(JSONValue.init)
        case .account: return account.id.map { ["id": .string($0)] } ?? [:]
        }
    }

    /// Lower-case names; values of repeats joined by ", " (RFC 9110 §5.3).
    private var headers: JSONValue {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(request.fields.count)
        var name: [UInt8] = []
        request.fields.forEachLowercased(&name) { name, value in
            let key = String(decoding: name, as: UTF8.self)
            let text = String(decoding: value, as: UTF8.self)
            if let place = members.firstIndex(where: { $0.key == key }) {
                let before = members[place].value.stringValue ?? ""
                members[place].value = .string(before + ", " + text)
            } else {
                members.append((key, .string(text)))
            }
        }
        return .object(JSONObject(distinct: members))
    }

    // MARK: The body

    /// `application/json` or `…+json`, `application/x-www-form-urlencoded`, or something else.
    private enum MediaType {
        case json
        case form
        case other
    }

    private lazy var mediaType: MediaType = {
        // As it mostly is.
        if request.fields.isFirst(named: "content-type", "application/json") { return .json }
        guard let field = request.fields.first(named: "content-type") else { return .other }
        let end = field.firstIndex { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: ",") }
        var type = field[..<(end ?? field.endIndex)].map(asciiLowercased)
        type.removeAll { $0 == UInt8(ascii: " ") }
        if type.elementsEqual("application/json".utf8) || type.suffix(5).elementsEqual("+json".utf8)
        {
            return .json
        }
        return type.elementsEqual("application/x-www-form-urlencoded".utf8) ? .form : .other
    }()

    /// True when the sender calls the body JSON.
    var claimsJSON: Bool { mediaType == .json }

    /// The sender names content codings of the body.
    private(set) lazy var hasContentCoding = request.fields.contains("content-encoding")

    /// The body's bytes with its content codings undone.
    func decodedBody() -> Result<[UInt8], MalformedReason> {
        if !hasContentCoding { return .success(request.body) }
        if let decoded { return decoded }
        let result = decode()
        decoded = result
        return result
    }

    private func decode() -> Result<[UInt8], MalformedReason> {
        guard let field = request.fields.header(named: "content-encoding") else {
            return .success(request.body)
        }
        let codings = field.lowercased().split(separator: ",").map { $0.filter { $0 != " " } }
            .filter { !$0.isEmpty && $0 != "identity" }
        guard !codings.isEmpty else { return .success(request.body) }
        guard let decoder = environment.decodeContent, codings.count == 1 else {
            return .failure(.unsupportedContentEncoding)
        }
        switch decoder(codings[0], request.body, frame.bodyBytesMax) {
        case .success(let bytes): return .success(bytes)
        case .failure(.unsupported): return .failure(.unsupportedContentEncoding)
        case .failure(.malformed): return .failure(.invalidContentEncoding)
        case .failure(.tooLarge): return .failure(.decodedBodyTooLarge)
        }
    }

    /// JSON parsed, a form as an object, other text as a string, anything else null.
    func body() -> Result<JSONValue, MalformedReason> {
        if let parsed { return parsed }
        let result: Result<JSONValue, MalformedReason> =
            switch decodedBody() {
            case .success(let bytes): parse(bytes)
            case .failure(let reason): .failure(reason)
            }
        parsed = result
        return result
    }

    private func parse(_ bytes: [UInt8]) -> Result<JSONValue, MalformedReason> {
        switch mediaType {
        case .json:
            if bytes.isEmpty { return .success(.null) }
            do throws(JSONError) {
                return .success(try JSONValue(parsing: bytes))
            } catch {
                return .failure(.invalidJSON)
            }
        case .form:
            guard let text = String(validating: bytes, as: UTF8.self),
                let object = FormText.parse(text)
            else { return .failure(.invalidForm) }
            return .success(.object(object))
        case .other:
            if bytes.isEmpty { return .success(.null) }
            // Many vendors send JSON and call it text.
            if let first = bytes.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
                let value = try? JSONValue(parsing: bytes)
            {
                return .success(value)
            }
            return .success(String(validating: bytes, as: UTF8.self).map(JSONValue.string) ?? .null)
        }
    }
}

/// The context as an expression's input.
extension RequestContext: LazyMembers {
    var keys: LazyObject.Keys { Self.lazyKeys }

    func member(at place: Int) -> JSONValue? { member(Member.all[place]) }

    /// One header field by its name, without an object of all.
    func part(_ key: String, ofMemberAt place: Int) -> JSONValue?? {
        guard Member.all[place] == .headers, replacement(.headers) == nil,
            ByteText.isASCII(key.utf8.span)
        else { return nil }
        return .some(request.fields.header(named: key).map(JSONValue.string))
    }
}
