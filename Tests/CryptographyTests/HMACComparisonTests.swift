import Cryptography
import Dispatch
import Synchronization
import Testing

/// Whether candidates are a message's code: the comparison that keeps the code to itself.
struct HMACComparisonTests {
    private static let message = Array("what is signed".utf8)

    /// Those that this OpenSSL has.
    private static let algorithms = DigestAlgorithm.allCases.filter {
        (try? HMAC($0, key: Secret("key"))) != nil
    }

    private static func flipped(_ code: [UInt8], at place: Int) -> [UInt8] {
        var code = code
        code[place] ^= 1
        return code
    }

    @Test func `most algorithms are there`() { #expect(Self.algorithms.count >= 9) }

    @Test(arguments: algorithms)
    func `a code is what authenticate gives, and nothing near it`(
        algorithm: DigestAlgorithm
    ) throws {
        let hmac = try HMAC(algorithm, key: Secret("key"))
        let code = try hmac.authenticate(Self.message)
        #expect(code.count == algorithm.byteCount)
        // Twice: the context is as new after a call, whatever came of it.
        for _ in 0..<2 {
            #expect(try hmac.isCode([code], of: Self.message.span))
            for place in [0, code.count / 2, code.count - 1] {
                let near = Self.flipped(code, at: place)
                #expect(try !hmac.isCode([near], of: Self.message.span))
            }
        }
        #expect(try hmac.authenticate(Self.message) == code)
    }

    @Test func `the code may be any of the candidates`() throws {
        let hmac = try HMAC(.sha256, key: Secret("key"))
        let code = try hmac.authenticate(Self.message)
        let wrong = [Self.flipped(code, at: 0), Self.flipped(code, at: 31)]
        #expect(try hmac.isCode([code] + wrong, of: Self.message.span))
        #expect(try hmac.isCode([wrong[0], code, wrong[1]], of: Self.message.span))
        #expect(try hmac.isCode(wrong + [code], of: Self.message.span))
        #expect(try hmac.isCode([code, code], of: Self.message.span))
        #expect(try !hmac.isCode(wrong, of: Self.message.span))
    }

    @Test func `no candidate is no code`() throws {
        let hmac = try HMAC(.sha256, key: Secret("key"))
        #expect(try !hmac.isCode([], of: Self.message.span))
        #expect(try !hmac.isCode([], of: [UInt8]().span))
        #expect(try !hmac.isCode([[]], of: Self.message.span))
    }

    @Test func `a candidate of another length is no code`() throws {
        let hmac = try HMAC(.sha256, key: Secret("key"))
        let code = try hmac.authenticate(Self.message)
        for candidate in [Array(code.dropLast()), code + [0], Array(code.dropFirst()), code + code]
        {
            #expect(try !hmac.isCode([candidate], of: Self.message.span))
            #expect(try hmac.isCode([candidate, code], of: Self.message.span))
        }
        // The room for the longest code there is, which a shorter code does not fill.
        let padded = code + [UInt8](repeating: 0, count: 32)
        #expect(try !hmac.isCode([padded], of: Self.message.span))
    }

    @Test func `an empty message has a code too`() throws {
        let hmac = try HMAC(.sha512, key: Secret("key"))
        let code = try hmac.authenticate([])
        #expect(try hmac.isCode([code], of: [UInt8]().span))
        #expect(try !hmac.isCode([code], of: Self.message.span))
    }

    @Test func `the code of one key or message is not another's`() throws {
        let hmac = try HMAC(.sha256, key: Secret("key"))
        let other = try HMAC(.sha256, key: Secret("kez"))
        let code = try hmac.authenticate(Self.message)
        #expect(try !other.isCode([code], of: Self.message.span))
        #expect(try !hmac.isCode([code], of: Array("what is signee".utf8).span))
        #expect(try hmac.isCode([code], of: Self.message.span))
    }

    /// One of them has the kept context, the others come meanwhile: the messages are long enough for that.
    @Test func `threads that share a key get the codes of their own messages`() throws {
        let hmac = try HMAC(.sha256, key: Secret("key"))
        let messages = (0..<8).map { [UInt8](repeating: UInt8($0), count: 200_000 + $0) }
        let codes = try messages.map { try HMAC(.sha256, key: Secret("key")).authenticate($0) }
        let wrong = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 64) { turn in
            let place = turn % messages.count
            let code = try? hmac.authenticate(messages[place])
            let message = messages[place]
            let isCode = try? hmac.isCode([codes[place]], of: message.span)
            if code != codes[place] || isCode != true {
                wrong.wrappingAdd(1, ordering: .relaxed)
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(try hmac.authenticate(messages[3]) == codes[3])
    }
}
