import JSON
import Testing
import Webhooks

/// What is wrong with an Integration object is said with its key path.
struct IntegrationProblemTests {
    private static func problems(_ members: String) throws -> [String] {
        let text =
            #"{"name":"a","config":{"webhook":{"signature_verification":"none"}}\#(members)}"#
        let value = try JSONValue(parsing: Array(text.utf8))
        return Integration.parse(value).problems.map {
            ($0.severity == .warning ? "warning " : "") + $0.keyPath.joined(separator: ".")
        }
    }

    @Test(arguments: [
        (#""limits":5"#, "limits"), (#""limits":{"body_bytes_max":-1}"#, "limits.body_bytes_max"),
        (#""limits":{"body_bytes_max":"1MB"}"#, "limits.body_bytes_max"),
        (#""limits":{"body_bytes_max":268435457}"#, "limits.body_bytes_max"),
        (#""limits":{"body_bytes_max":"257MiB"}"#, "limits.body_bytes_max"),
        (#""limits":{"foo":1}"#, "limits.foo"), (#""functions":"lodash""#, "functions"),
        (#""functions":5"#, "functions"), (#""context_updates":"always""#, "context_updates"),
        (#""dedupe":true"#, "dedupe"), (#""dedupe":{"window":"3651d"}"#, "dedupe.window"),
        (#""dedupe":{"windw":"1d"}"#, "dedupe.windw"), (#""response":[]"#, "response"),
        (#""response":{"acepted":{}}"#, "response.acepted"),
        (#""response":{"accepted":200}"#, "response.accepted"),
        (#""response":{"accepted":{"status_code":"200"}}"#, "response.accepted.status_code"),
        (#""response":{"accepted":{"status_code":300}}"#, "response.accepted.status_code"),
        (#""response":{"accepted":{"headers":[]}}"#, "response.accepted.headers"),
        (#""response":{"accepted":{"headers":{"a b":"c"}}}"#, "response.accepted.headers.a b"),
        (#""response":{"accepted":{"headers":{"a":"c\n"}}}"#, "response.accepted.headers.a"),
        (#""event_di":"x""#, "warning event_di"), (#""enable":false"#, "warning enable"),
    ])
    func `a member that is wrong is named`(member: String, path: String) throws {
        #expect(try Self.problems("," + member) == [path])
    }

    @Test(arguments: [
        #""limits":{"body_bytes_max":0}"#, #""limits":{"body_bytes_max":268435456}"#,
        #""limits":{"body_bytes_max":"256MiB"}"#, #""functions":"truto""#, #""functions":null"#,
        #""context_updates":"overwrite""#, #""dedupe":false"#, #""dedupe":{"window":"3650d"}"#,
        #""response":{"accepted":{"status_code":204,"headers":{"X-A!":"b"}}}"#,
        #""category":"crm","team":{"id":1},"tags":[1],"sharing":"allow","is_beta":true"#,
    ])
    func `a member at its limit, or of the seed's, is fine`(member: String) throws {
        #expect(try Self.problems("," + member) == [])
    }

    @Test func `a size with a unit is what it says`() throws {
        let text =
            #"{"name":"a","config":{"webhook":{"signature_verification":"none"}},"#
            + #""limits":{"body_bytes_max":"2KiB"}}"#
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(Integration.parse(value).integration?.bodyBytesMax == 2048)
    }
}
