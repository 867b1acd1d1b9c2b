import Foundation
import Testing

@Suite struct `Vendors' requests` {
    @Test func `the vectors are there`() {
        #expect(VendorFile.all.count >= 91)
        #expect(VendorFile.cases.count >= 325)
        #expect(Set(VendorFile.cases.map(\.id)).count == VendorFile.cases.count)
    }

    @Test(arguments: VendorFile.cases)
    func `each does what its vendor says`(vendorCase: VendorCase) throws {
        let outcome = try RecipeRunner(vendorCase).run(
            vendorCase.request, context: vendorCase.context,
            atMilliseconds: vendorCase.receivedAtMilliseconds)
        switch vendorCase.expectation {
        case .accept:
            guard case .accepted(let events) = outcome else {
                Issue.record("want an accepted delivery, got \(outcome)")
                return
            }
            compare(events, with: vendorCase)
        case .reject:
            #expect(outcome.isRefusal, "got \(outcome)")
            if case .failed = outcome { Issue.record("an expression failed: \(outcome)") }
            if let reason = vendorCase.reason, case .refused(let given) = outcome {
                #expect(given == reason)
            }
        case .rejectOrFailed:
            #expect(outcome.isRefusal, "got \(outcome)")
        case .handshake:
            compareHandshake(outcome, with: vendorCase)
        case .meta:
            guard case .meta = outcome else {
                Issue.record("want meta, got \(outcome)")
                return
            }
        case .misconfigured:
            #expect(outcome.isMisconfigured, "got \(outcome)")
        }
    }

    private func compare(_ events: [VendorCase.Event], with vendorCase: VendorCase) {
        if let id = vendorCase.eventID { #expect(events.first?.id == id) }
        if let type = vendorCase.eventType { #expect(events.first?.type == type) }
        guard let expected = vendorCase.events else { return }
        #expect(events.map(\.type) == expected.map(\.type))
        for (event, expected) in zip(events, expected) {
            // No id of the vendor's: the pipeline makes one.
            if let id = expected.id { #expect(event.id == id) } else { #expect(event.id != nil) }
        }
    }

    private func compareHandshake(_ outcome: Outcome, with vendorCase: VendorCase) {
        guard case .handshake(let status, let headers, let body, let update) = outcome else {
            Issue.record("want a handshake, got \(outcome)")
            return
        }
        if let answer = vendorCase.answer {
            #expect(status == answer.statusCode)
            if let text = answer.body { #expect(String(decoding: body, as: UTF8.self) == text) }
            if let json = answer.json { #expect(JSONText(parsing: body) == json) }
            for header in answer.headers {
                let given = headers.first { $0.name.lowercased() == header.name.lowercased() }
                #expect(given?.value == header.value)
            }
        }
        if let expected = vendorCase.contextUpdate { #expect(update == expected) }
    }
}
