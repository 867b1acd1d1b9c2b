import Foundation
import JSON
import TestSupport
import Testing

@testable import JSONata

/// One case of the reference's suite or of the differential corpus.
struct SuiteCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        case value(JSONValue)
        case undefined
        case code(String)
        case error
    }

    let id: String
    let expression: String
    let input: JSONValue?
    let bindings: [String: JSONValue]
    let limits: EvaluationLimits
    let outcome: Outcome

    var testDescription: String { id }

    /// What came out, and whether it is what was expected.
    func run() -> (passed: Bool, actual: String) {
        let environment = EvaluationEnvironment(
            // Times without a date are of the day on which the corpus was made, 2026-11-24.
            nowMilliseconds: 1_795_521_600_000,
            random: { Double.random(in: 0..<1) },
            monotonicNanoseconds: { DispatchTimeNow.nanoseconds() })
        do throws(JSONataError) {
            let compiled = try Expression(expression, limits: limits)
            let result = try compiled.evaluate(input, bindings: bindings, environment: environment)
            switch outcome {
            case .undefined: return (result == nil, result?.jsonString ?? "undefined")
            case .value(let wanted):
                // Written and read again, so that what would be written is what is compared.
                let text = result?.serialized()
                let read = text.flatMap { try? JSONValue(parsing: $0) }
                return (read == wanted, result?.jsonString ?? "undefined")
            case .code, .error: return (false, result?.jsonString ?? "undefined")
            }
        } catch {
            switch outcome {
            case .code(let code): return (error.code == code, error.description)
            case .error: return (true, error.description)
            default: return (false, error.description)
            }
        }
    }
}

enum DispatchTimeNow {
    static func nanoseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds }
}
