package import JSON

/// What the pipeline made of a request. Nothing in it holds a secret or an expected value.
package enum Decision: Sendable {
    /// Store the events, then answer 200.
    case accepted(VerifiedDelivery, contextUpdate: ContextUpdate?)
    /// Answer as the expression said; store nothing.
    case handshake(WebhookResponse, contextUpdate: ContextUpdate?)
    /// Answer 200; store nothing.
    case meta(contextUpdate: ContextUpdate?)
    /// 401: the signature is wrong or missing.
    case refused(RefusalReason)
    /// 400, or 413 for `decodedBodyTooLarge`.
    case malformed(MalformedReason)
    /// 500: an expression failed or gave what it must not.
    case failed(StageFailure)
    /// 503: a secret is missing or cannot be used.
    case misconfigured(Misconfiguration)
}

/// The stages of the pipeline, in order, by the names of the configuration.
package enum PipelineStage: String, Sendable, CaseIterable {
    case context
    case payloadTransform = "payload_transform"
    case handleVerification = "handle_verification"
    case signatureVerification = "signature_verification"
    case events
}

/// Why a signature was not accepted: a closed set, for logs, metrics and replay.
package enum RefusalReason: String, Sendable, CaseIterable, Error {
    case missingSignature = "missing_signature"
    case malformedSignature = "malformed_signature"
    case signatureMismatch = "signature_mismatch"
    case timestampMissing = "timestamp_missing"
    case timestampMalformed = "timestamp_malformed"
    case timestampOutOfTolerance = "timestamp_out_of_tolerance"
    case tokenMalformed = "token_malformed"
    case tokenExpired = "token_expired"
    case tokenNotYetValid = "token_not_yet_valid"
    case tokenTooOld = "token_too_old"
    case algorithmNotAllowed = "algorithm_not_allowed"
    case unknownKey = "unknown_key"
    case issuerMismatch = "issuer_mismatch"
    case audienceMismatch = "audience_mismatch"
    case claimMismatch = "claim_mismatch"
}

/// Why a request could not be read.
package enum MalformedReason: String, Sendable, CaseIterable, Error {
    case invalidJSON = "invalid_json"
    case invalidForm = "invalid_form"
    case invalidContentEncoding = "invalid_content_encoding"
    case unsupportedContentEncoding = "unsupported_content_encoding"
    case decodedBodyTooLarge = "decoded_body_too_large"
}

/// An expression that failed, or whose result the stage cannot use.
package struct StageFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let stage: PipelineStage
    /// A JSONata code such as `T2001`, or one of Postern's own such as `result_not_object`.
    package let code: String
    /// Where in the expression, in UTF-16 code units as JSONata counts; nil when not known.
    package let position: Int?
    /// What the code means, without any value of the request or the context.
    package let message: String

    package init(stage: PipelineStage, code: String, position: Int? = nil, message: String) {
        self.stage = stage
        self.code = code
        self.position = position
        self.message = message
    }

    package var description: String {
        let place = position.map { " at \($0)" } ?? ""
        return "\(stage.rawValue): \(code)\(place): \(message)"
    }
}

/// Why an integration cannot judge any request.
package struct Misconfiguration: Error, Sendable, Equatable, CustomStringConvertible {
    /// A closed set, for logs and metrics.
    package enum Reason: String, Sendable, CaseIterable {
        case verificationMissing = "verification_missing"
        case secretMissing = "secret_missing"
        case secretEmpty = "secret_empty"
        case secretIsPlaceholder = "secret_is_placeholder"
        case secretMalformed = "secret_malformed"
        case keyMalformed = "key_malformed"
        case keyUnavailable = "key_unavailable"
        case algorithmUnavailable = "algorithm_unavailable"
    }

    package let reason: Reason
    /// The configuration key at fault, such as `secret` or `of.1.secret`.
    package let key: String

    package init(_ reason: Reason, key: String) {
        self.reason = reason
        self.key = key
    }

    package var description: String { "\(reason.rawValue): \(key)" }
}

/// The answer to a handshake.
package struct WebhookResponse: Sendable {
    package let statusCode: Int
    package let headers: [(String, String)]
    package let body: [UInt8]

    package init(statusCode: Int, headers: [(String, String)], body: [UInt8]) {
        self.statusCode = statusCode
        self.headers = headers
        self.body = body
    }
}

/// Members to merge, one level deep, into the account's context (or the integration's own).
package struct ContextUpdate: Sendable {
    package let members: JSONObject
    /// False when no checked signature stands behind it: it may add keys, never change one.
    package let mayOverwrite: Bool

    init(members: JSONObject, mayOverwrite: Bool) {
        self.members = members
        self.mayOverwrite = mayOverwrite
    }

    /// The context after the update. The store that keeps contexts applies it to what it holds at
    /// that moment, under its own lock, so that two updates at once cannot replace a key.
    ///
    /// - Returns: nil when nothing changes.
    package func applied(to context: JSONObject) -> JSONObject? {
        var result = context
        var changed = false
        for (key, value) in members {
            if let existing = context[key] {
                if !mayOverwrite || existing == value { continue }
            }
            result[key] = value
            changed = true
        }
        return changed ? result : nil
    }
}
