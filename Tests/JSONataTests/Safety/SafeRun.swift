import Foundation
import HTTPServer
import JSON
import JSONata
import Synchronization

/// What an expression came to, run as a loop runs it.
enum SafeRun {
    enum Outcome: Sendable, Equatable {
        case value(String)
        case undefined
        case code(String)

        var code: String? {
            if case .code(let code) = self { return code }
            return nil
        }
    }

    static let environment = EvaluationEnvironment(
        nowMilliseconds: 1_700_000_000_000,
        monotonicNanoseconds: { DispatchTime.now().uptimeNanoseconds })

    /// Compiles and evaluates on a thread with the stack of the loops.
    static func outcome(
        _ source: String, input: String? = nil, limits: EvaluationLimits = EvaluationLimits(),
        environment: EvaluationEnvironment = environment
    ) throws -> Outcome {
        let box = Box()
        try LoopThread.run {
            do throws(JSONataError) {
                let expression = try Expression(source, limits: limits)
                let document = input.flatMap { try? JSONValue(parsing: Array($0.utf8)) }
                let result = try expression.evaluate(document, environment: environment)
                let text = result.map { $0.jsonString }
                box.outcome.withLock { $0 = text.map { .value($0) } ?? .undefined }
            } catch {
                box.outcome.withLock { $0 = .code(error.code) }
            }
        }
        return box.outcome.withLock { $0 }
    }

    private final class Box: Sendable {
        let outcome = Mutex<Outcome>(.code("did not run"))
    }
}
