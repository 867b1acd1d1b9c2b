import HTTPServer
import JSON
import Webhooks

/// The admin API: integrations and accounts as the seed's Admin API has them, and what the server
/// knows of its queues, its quarantine and its last requests. `openapi.json` describes it.
struct AdminAPI {
    let server: Receiver

    /// The answer to a request that may make it.
    func answer(_ request: AdminRequest) -> HTTPResponse {
        do throws(AdminError) { return try route(request) } catch { return error.response }
    }

    /// True for paths below which this API lies.
    static func owns(_ path: Substring) -> Bool {
        let first = path.dropFirst().prefix { $0 != "/" }
        return [
            "integration", "integrations", "account", "accounts", "queues", "quarantine",
            "requests", "openapi.json",
        ].contains(first)
    }

    private func route(_ request: AdminRequest) throws(AdminError) -> HTTPResponse {
        let segments = request.segments
        let second = segments.count > 1 ? segments[1] : ""
        switch (segments[0], segments.count) {
        case ("openapi.json", 1):
            try allow(request, "GET, HEAD")
            var response = HTTPResponse(status: 200, body: AdminDescription.bytes)
            response.add("Content-Type", "application/json")
            return response
        case ("integration", 1):
            if request.method == "POST" { return try createIntegration(request) }
            try allow(request, "GET, HEAD, POST")
            return try listIntegrations(request)
        case ("integration", 3) where segments[2] == "capabilities":
            try allow(request, "GET, HEAD")
            return Self.json(200, Capabilities.of(try find(second).integration))
        case ("integrations", 2): return try integration(second, request)
        case ("account", 1):
            if request.method == "POST" { return try createAccount(request) }
            try allow(request, "GET, HEAD, POST")
            let accounts = server.loaded.accounts.map(Self.object)
            return try list(accounts, request, total: accounts.count)
        case ("accounts", 2): return try account(second, request)
        case ("queues", 1):
            try allow(request, "GET, HEAD")
            return Self.json(200, ["result": .array(server.queueStatistics())])
        case ("quarantine", 1), ("quarantine", 2):
            try allow(request, "GET, HEAD")
            return try quarantine(segments.count == 2 ? second : nil, request)
        case ("requests", 1):
            try allow(request, "GET, HEAD")
            let entries = server.recent.list(
                limit: try request.limit(), integration: request[query: "integration"])
            return Self.json(200, ["result": .array(entries.map(\.json))])
        default: throw .notFound
        }
    }

    private func allow(_ request: AdminRequest, _ methods: String) throws(AdminError) {
        guard request.method == "GET" || request.method == "HEAD" else { throw .method(methods) }
    }

    // MARK: Integrations

    private func find(_ id: String) throws(AdminError) -> LoadedIntegration {
        guard let found = server.loaded.integration(id) else { throw .notFound }
        return found
    }

    private func listIntegrations(_ request: AdminRequest) throws(AdminError) -> HTTPResponse {
        let all = server.loaded.integrations.map { Self.object($0) }
        return try list(all, request, total: all.count)
    }

    /// A page: `next_cursor` is the place of the next one's first element, null after the last.
    private func list(
        _ all: [JSONValue], _ request: AdminRequest, total: Int
    ) throws(AdminError) -> HTTPResponse {
        let limit = try request.limit()
        let text = request[query: "next_cursor"] ?? "0"
        guard let start = Int(text), start >= 0, text.first != "+" else {
            throw AdminError(
                400, "next_cursor is what the page before gave",
                [Problem(keyPath: "next_cursor", message: "\"\(text)\" is no cursor")])
        }
        let page = all.dropFirst(start).prefix(limit)
        let next: JSONValue =
            start < total && total - start > limit ? .string(String(start + limit)) : .null
        return Self.json(
            200,
            [
                "result": .array(Array(page)), "next_cursor": next,
                "limit": .number(JSONNumber(Double(limit))),
            ])
    }

    private func createIntegration(_ request: AdminRequest) throws(AdminError) -> HTTPResponse {
        var object = try request.object().value
        try SeedShape.check(object)
        let now = JSONValue.string(TimeText.iso8601(Clock.nowMilliseconds))
        let id = object["id"]?.stringValue ?? server.makeIdentifier()
        var whole: JSONObject = ["id": .string(id)]
        for (key, value) in object { whole[key] = value }
        object = whole
        if object["created_at"] == nil { object["created_at"] = now }
        if object["updated_at"] == nil { object["updated_at"] = now }
        let stored = try server.putIntegration(object, id: id, replacing: nil)
        var response = Self.json(201, Self.object(stored))
        response.add("Location", "/integrations/\(id)")
        return response
    }

    private func integration(
        _ id: String, _ request: AdminRequest
    ) throws(AdminError) -> HTTPResponse {
        switch request.method {
        case "GET", "HEAD": return Self.json(200, Self.object(try find(id)))
        case "PATCH":
            let patch = try request.object().value
            let stored = try server.patchIntegration(id, patch)
            return Self.json(200, Self.object(stored))
        case "DELETE":
            try server.deleteIntegration(id)
            return HTTPResponse(status: 204)
        default: throw .method("GET, HEAD, PATCH, DELETE")
        }
    }

    /// The object as it was given; one of a file that names no id is addressed by its name.
    static func object(_ loaded: LoadedIntegration) -> JSONValue {
        var object: JSONObject = ["id": .string(loaded.identifier)]
        for (key, value) in loaded.integration.source.objectValue ?? JSONObject() {
            object[key] = value
        }
        return .object(object)
    }

    // MARK: Accounts

    private func createAccount(_ request: AdminRequest) throws(AdminError) -> HTTPResponse {
        let object = try request.object().value
        guard let id = object["id"]?.stringValue else {
            throw AdminError(
                422, "the account is not right",
                [Problem(keyPath: "id", message: "it is missing; an account has an id")])
        }
        let stored = try server.putAccount(object, id: id, replacing: nil)
        var response = Self.json(201, Self.object(stored))
        response.add("Location", "/accounts/\(id)")
        return response
    }

    private func account(_ id: String, _ request: AdminRequest) throws(AdminError) -> HTTPResponse {
        switch request.method {
        case "GET", "HEAD":
            guard let found = server.loaded.accounts.first(where: { $0.id == id }) else {
                throw .notFound
            }
            return Self.json(200, Self.object(found))
        case "PATCH":
            let stored = try server.patchAccount(id, try request.object().value)
            return Self.json(200, Self.object(stored))
        case "DELETE":
            try server.deleteAccount(id)
            return HTTPResponse(status: 204)
        default: throw .method("GET, HEAD, PATCH, DELETE")
        }
    }

    /// Values of a context are secrets: their names come back, they do not.
    static func object(_ account: LoadedAccount) -> JSONValue {
        var context = JSONObject()
        for (key, _) in account.context { context[key] = "[redacted]" }
        return [
            "id": .string(account.id), "integration": .string(account.integration),
            "context": .object(context),
        ]
    }

    // MARK: Quarantine

    private func quarantine(
        _ number: String?, _ request: AdminRequest
    ) throws(AdminError) -> HTTPResponse {
        guard let number else {
            let found = try server.quarantined(limit: try request.limit())
            return Self.json(
                200, ["result": .array(found.map { Self.object($0, withRequest: false) })])
        }
        guard let number = Int64(number), let found = try server.quarantined(number: number) else {
            throw .notFound
        }
        return Self.json(200, Self.object(found, withRequest: true))
    }

    static func json(_ status: Int, _ value: JSONValue) -> HTTPResponse {
        var response = HTTPResponse(status: status, body: value.serialized())
        response.add("Content-Type", "application/json")
        return response
    }
}
