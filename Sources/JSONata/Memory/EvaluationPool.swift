internal import JSON
internal import Synchronization

/// What an expression is made of, and the memory of its evaluations, kept from one to the next.
final class EvaluationPool: Sendable {
    /// One evaluation's memory, used by one call at a time.
    private final class Memory: @unchecked Sendable {
        // Unchecked because whoever has it took it out of the pool under its lock.
        //
        // The reason for unsafe: so nobody else can access the evaluator meanwhile, and it need not be
        // asked at run time whether somebody does.
        @exclusivity(unchecked) var evaluator: Evaluator

        init(_ evaluator: consuming Evaluator) { unsafe self.evaluator = evaluator }
    }

    /// What nobody uses: mostly one, beside the array since that is quicker.
    private struct Spare {
        static let othersMax = 3
        private var first: Memory?
        private var others: [Memory] = []

        mutating func take() -> Memory? { first.take() ?? others.popLast() }

        mutating func keep(_ memory: Memory) {
            if first == nil {
                first = memory
            } else if others.count < Self.othersMax {
                others.append(memory)
            }
        }
    }

    let source: String
    let limits: EvaluationLimits
    private let spare = Mutex(Spare())
    private let code: Code
    private let functions: FunctionTable

    init(
        _ source: String, _ code: Code, _ functions: FunctionTable, _ limits: EvaluationLimits
    ) {
        self.source = source
        self.code = code
        self.functions = functions
        self.limits = limits
    }

    /// The same expression; nothing that evaluations write to is shared.
    func copy() -> EvaluationPool { EvaluationPool(source, code, functions, limits) }

    /// Calls `body` with an evaluator that has evaluated nothing yet.
    func evaluate<Result, Failure: Error>(
        _ environment: consuming EvaluationEnvironment,
        _ body: (inout Evaluator) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let memory =
            spare.withLock { $0.take() }
            ?? Memory(Evaluator(code: code, functions: functions))
        defer {
            unsafe memory.evaluator.forget(code)
            spare.withLock { $0.keep(memory) }
        }
        unsafe memory.evaluator.begin(limits, consume environment)
        return try unsafe body(&memory.evaluator)
    }
}

extension Evaluator {
    /// Sets the bounds of the evaluation to come.
    mutating func begin(_ limits: EvaluationLimits, _ environment: consuming EvaluationEnvironment)
    {
        self.limits = limits
        self.environment = consume environment
        startLimits()
    }

    /// Drops what an evaluation made, and keeps the memory unless it is much.
    mutating func forget(_ code: Code) {
        if self.code.nodes.count != code.nodes.count || self.code.names.count != code.names.count {
            // What `$eval` added is gone, and places behind the end mean something else next time.
            self.code = code
            datePictures = []
        }
        documents.removeAll()
        text.forget()
        spareOutput?.forget()
        cells.forget()
        arrays.forget()
        objects.forget()
        tuples.forget()
        tupleBindings.forget()
        made.forget()
        frames.forget()
        bindings.forget()
        thunks.forget()
        stack.forget()
        indexes.forget()
        if !laidOut.isEmpty { laidOut = [:] }
        input.forget()
        oldestBound = .max
        hasBindings = false
    }
}

extension ContiguousArray {
    /// Removes all, and keeps the memory unless it is much.
    fileprivate mutating func forget() {
        if isEmpty { return }
        if capacity * MemoryLayout<Element>.stride > 64 << 10 {
            self = []
        } else {
            removeAll(keepingCapacity: true)
        }
    }
}
