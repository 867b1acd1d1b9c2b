import Foundation
import JSON
import Testing
import Webhooks

/// A change to an accepted request after which it must not be accepted, or, at the ends of its
/// window, still must.
struct DerivedNegative: Sendable, CustomTestStringConvertible {
    enum Expectation: Sendable {
        case accepted
        case refused
        case misconfigured
        case refusedOrMisconfigured
    }

    var origin: VendorCase
    var change: String
    var request: VendorCase.Request
    var context: JSONText
    var atMilliseconds: Int64
    /// The recipe with a change; nil = as it is.
    var integration: JSONText?
    var expectation: Expectation

    var testDescription: String { "\(origin.id) / \(change)" }

    static let all: [DerivedNegative] = VendorFile.all.flatMap { file in
        file.cases.filter { $0.expectation == .accept && $0.isDerivedFrom }.flatMap {
            Builder(file: file, origin: $0).all()
        }
    }
}

extension DerivedNegative {
    struct Builder {
        var file: VendorFile
        var origin: VendorCase

        func all() -> [DerivedNegative] {
            signatures() + bodies() + secrets() + times() + embedded() + algorithms()
                + severalSignatures() + rotation()
        }

        func make(
            _ change: String, request: VendorCase.Request? = nil, context: JSONText? = nil,
            offset: Int64 = 0, integration: JSONText? = nil, _ expectation: Expectation = .refused
        ) -> DerivedNegative {
            DerivedNegative(
                origin: origin, change: change, request: request ?? origin.request,
                context: context ?? origin.context,
                atMilliseconds: origin.receivedAtMilliseconds + offset, integration: integration,
                expectation: expectation)
        }

        private func signatures() -> [DerivedNegative] {
            let names = file.derivation.signatureHeaders
            let present = origin.request.headers.contains { header in
                names.contains { $0.lowercased() == header.name.lowercased() }
            }
            guard present else { return [] }
            let request = origin.request
            return [
                make("header missing", request: request.replacing(names) { _ in [] }),
                make("header empty", request: request.replacing(names) { _ in [""] }),
                make(
                    "signature three characters short",
                    request: request.replacing(names) { [String($0.dropLast(3))] }),
                make(
                    "signature a character long",
                    request: request.replacing(names) { [$0 + "0"] }),
                make(
                    "signature with one digit changed",
                    request: request.replacing(names) { [changingOneDigit($0)] }),
            ]
        }

        /// The last character but one: the last one of base64 may be padding or spare bits.
        func changingOneDigit(_ text: String) -> String {
            var characters = Array(text)
            guard characters.count > 1 else { return text + "x" }
            let place = characters.count - 2
            characters[place] = characters[place] == "1" ? "2" : "1"
            return String(characters)
        }

        private func bodies() -> [DerivedNegative] {
            let count = origin.request.body.count
            guard !file.derivation.isBodyUnsigned, count > 0 else { return [] }
            var changes = Set([0, count / 2, count - 1]).sorted().map { place in
                var request = origin.request
                request.body[place] ^= 1
                return make("bit of byte \(place) of the body flipped", request: request)
            }
            var longer = origin.request
            longer.body.append(UInt8(ascii: " "))
            changes.append(make("body a byte longer", request: longer))
            var shorter = origin.request
            shorter.body.removeLast()
            changes.append(make("body a byte shorter", request: shorter))
            return changes
        }

        private func secrets() -> [DerivedNegative] {
            let members = origin.context.members
            let keys = file.derivation.secrets.filter { members[$0] != nil }
            guard !keys.isEmpty else { return [] }
            func context(_ change: (String) -> String?) -> JSONText {
                keys.reduce(origin.context) { $0.setting($1, to: change(members[$1] ?? "")) }
            }
            return [
                make("another secret", context: context(otherSecret)),
                make("empty secret", context: context { _ in "" }, .misconfigured),
                make("no secret", context: context { _ in nil }, missingSecret),
            ]
        }

        private var missingSecret: Expectation {
            // A recipe that takes its secret from a handshake reads the request as one first.
            .misconfigured
        }

        func otherSecret(_ secret: String) -> String {
            if let wrong = file.derivation.wrongSecret { return wrong }
            if secret.hasPrefix("whsec_") { return "whsec_" + "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc=" }
            return secret.dropLast() + (secret.hasSuffix("A") ? "B" : "A")
        }

        private func times() -> [DerivedNegative] {
            guard let tolerance = file.derivation.toleranceSeconds else { return [] }
            let inside = (tolerance - file.derivation.slackSeconds) * 1000
            let outside = (tolerance + file.derivation.slackSeconds) * 1000 + 1
            return [
                make("as late as allowed", offset: inside, .accepted),
                make("as early as allowed", offset: -inside, .accepted),
                make("a millisecond too late", offset: outside),
                make("a millisecond too early", offset: -outside),
            ]
        }
    }
}

@Suite struct `Vendors' requests, altered` {
    @Test func `negatives are derived for every recipe`() {
        let recipes = Set(DerivedNegative.all.map(\.origin.recipe))
        let missing = Set(Recipe.byName.keys).subtracting(recipes)
        // Neither has a signature in a header, a signed body, or a secret in the account.
        #expect(missing.isEmpty, "\(missing.sorted())")
        #expect(DerivedNegative.all.count >= 1000)
    }

    @Test(arguments: DerivedNegative.all)
    func `each is refused`(negative: DerivedNegative) throws {
        var runner = try RecipeRunner(negative.origin)
        if let altered = negative.integration {
            let (integration, problems) = Integration.parse(try JSONValue(parsing: altered.bytes))
            // An algorithm that does not fit the key is refused when the file is read.
            guard let integration else {
                #expect(!problems.isEmpty)
                return
            }
            runner.integration = integration
        }
        let outcome = try runner.run(
            negative.request, context: negative.context,
            atMilliseconds: negative.atMilliseconds)
        switch negative.expectation {
        case .accepted: #expect(outcome.isAccepted, "got \(outcome)")
        case .refused: #expect(outcome.isRefusal, "got \(outcome)")
        case .misconfigured: #expect(outcome.isMisconfigured, "got \(outcome)")
        case .refusedOrMisconfigured:
            #expect(outcome.isRefusal || outcome.isMisconfigured, "got \(outcome)")
        }
    }
}
