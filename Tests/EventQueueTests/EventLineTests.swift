import Foundation
import JSON
import TestSupport
import Testing

@testable import EventQueue

/// A list of cases in `Vectors/queue`, read by Foundation.
func vectors<Case: Decodable>(_ name: String) throws -> [Case] {
    let url = Folders.vectors.appendingPathComponent("queue/\(name).json")
    return try JSONDecoder().decode(ListOf<Case>.self, from: Data(contentsOf: url)).cases
}

private struct ListOf<Case: Decodable>: Decodable {
    let cases: [Case]
}

struct ChecksumCase: Decodable, Sendable, CustomTestStringConvertible {
    let id: String
    let hex: String
    let crc32c: String
    var testDescription: String { id }

    var bytes: [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }
}

struct LineCase: Decodable, Sendable, CustomTestStringConvertible {
    struct Event: Decodable, Sendable {
        let id: String
        let integration: String
        let account: String?
        let type: String
        let time: Int64
        let until: Int64?
        let document: String
        let request: String
    }
    let id: String
    let event: Event
    let sequence: UInt64
    let line: String
    var testDescription: String { id }

    var queued: QueuedEvent {
        QueuedEvent(
            id: event.id, integration: event.integration, account: event.account,
            type: event.type, timeMilliseconds: event.time, document: Array(event.document.utf8),
            request: Array(event.request.utf8))
    }
}

@Suite struct EventLineTests {
    @Test(arguments: try vectors("crc32c") as [ChecksumCase])
    func `checksums are CRC-32C, with the processor's help and without`(vector: ChecksumCase) {
        let bytes = vector.bytes
        let expected = UInt32(vector.crc32c, radix: 16)
        for way in CRC32C.ways {
            #expect(CRC32C.checksum(bytes, 0..<bytes.count, way) == expected, "\(way)")
        }
    }

    @Test func `all ways agree on every length and start`() {
        let bytes = (0..<2400).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 >> 5 &+ 11) }
        for start in 0..<16 {
            // At and around what is taken in three parts, once, twice and three times.
            let ends = [start...80, 760...785, 1530...1553, 2300...2335].joined()
            for end in ends {
                let slow = CRC32C.checksum(bytes, start..<end, .table)
                for way in CRC32C.ways {
                    #expect(CRC32C.checksum(bytes, start..<end, way) == slow, "\(way)")
                }
            }
        }
    }

    @Test(arguments: try vectors("lines") as [LineCase])
    func `an event becomes this line`(vector: LineCase) throws {
        var bytes: [UInt8] = []
        let key = EventLine.append(
            vector.queued, sequence: vector.sequence, deduplicateUntil: vector.event.until,
            to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == vector.line)
        let header = try #require(
            EventLine.header(bytes, 0..<bytes.count - 1))
        #expect(header.key == key)
    }

    @Test(arguments: try vectors("lines") as [LineCase])
    func `the line gives the event back`(vector: LineCase) throws {
        let bytes = Array(vector.line.utf8)
        let line = 0..<bytes.count - 1
        let header = try #require(EventLine.header(bytes, line))
        #expect(header.sequence == vector.sequence)
        #expect(header.deduplicateUntil == vector.event.until)
        let event = EventLine.event(bytes, line, header)
        #expect(event.id == vector.event.id)
        #expect(event.integration == vector.event.integration)
        #expect(event.account == vector.event.account)
        #expect(event.type == vector.event.type)
        #expect(event.receivedAtMilliseconds == vector.event.time)
        #expect(event.request == Array(vector.event.request.utf8))
        var document: [UInt8] = []
        SequenceMember.splice(vector.sequence, into: vector.queued.document, to: &document)
        #expect(event.document == document)
    }

    @Test(arguments: try vectors("lines") as [LineCase])
    func `a line with any flipped bit, or cut anywhere, is refused`(vector: LineCase) {
        let bytes = Array(vector.line.utf8.dropLast())
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                #expect(EventLine.header(damaged, 0..<damaged.count) == nil)
            }
            #expect(EventLine.header(bytes, 0..<index) == nil)
            #expect(EventLine.header(bytes, index + 1..<bytes.count) == nil)
        }
    }

    @Test func `sequences keep the order of numbers as text`() {
        for number: UInt64 in [0, 1, 9, 10, 99, 12345, .max] {
            var digits: [UInt8] = []
            digits.append(expecting: 20) { $0.digits(number, SequenceMember.digitCount) }
            #expect(digits.count == 20)
            #expect(SequenceMember.number(digits) == number)
        }
        #expect(SequenceMember.number(Array("18446744073709551616".utf8)) == nil)
        #expect(SequenceMember.number(Array("0000000000000000000x".utf8)) == nil)
        #expect(SequenceMember.number(Array("1".utf8)) == nil)
    }
}

extension EventLine.Header: Equatable {
    static func == (left: Self, right: Self) -> Bool {
        left.sequence == right.sequence && left.event == right.event
    }
}
