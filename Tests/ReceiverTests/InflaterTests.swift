import Foundation
import Receiver
import Testing
import Webhooks

struct InflaterTests {
    /// `printf hello | gzip -n`, in hex.
    static let gzip: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0, 0x86, 0xA6, 0x10,
        0x36, 5, 0, 0, 0,
    ]
    static let raw: [UInt8] = [0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0]
    static let zlib: [UInt8] = [0x78, 0x9C] + raw + [0x06, 0x2C, 0x02, 0x15]

    @Test(arguments: [("gzip", gzip), ("x-gzip", gzip), ("deflate", zlib), ("deflate", raw)])
    func `a coding is undone up to the limit`(coding: String, bytes: [UInt8]) throws {
        #expect(try Inflater.decode(coding, bytes, maximum: 5).get() == Array("hello".utf8))
        #expect(throws: PipelineEnvironment.DecodingFailure.tooLarge) {
            try Inflater.decode(coding, bytes, maximum: 4).get()
        }
    }

    @Test(arguments: 1..<gzip.count)
    func `a cut stream is refused`(length: Int) {
        #expect(throws: PipelineEnvironment.DecodingFailure.malformed) {
            try Inflater.decode("gzip", Array(Self.gzip[..<length]), maximum: 100).get()
        }
    }

    @Test func `bytes after the stream and unknown codings are refused`() {
        #expect(throws: PipelineEnvironment.DecodingFailure.malformed) {
            try Inflater.decode("gzip", Self.gzip + [0], maximum: 100).get()
        }
        #expect(throws: PipelineEnvironment.DecodingFailure.unsupported) {
            try Inflater.decode("br", Self.gzip, maximum: 100).get()
        }
    }
}
