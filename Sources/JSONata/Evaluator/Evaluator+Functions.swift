extension Evaluator {
    func evaluateLambda(_ node: Node, _ input: Value, _ frame: Frame) -> Value {
        guard let body = node.rhs else { return .undefined }
        let lambda = FunctionBox.Lambda(
            parameters: node.nodes.map(\.text), body: .expression(body), input: input, frame: frame,
            isThunk: node.isThunk)
        return .function(FunctionBox(.lambda(lambda), signature: node.signature))
    }

    /// `procedure(arguments)`; `applied` is the left side of `~>`, which comes first.
    func evaluateCall(
        _ node: Node, _ input: Value, _ frame: Frame, applied: Value?
    ) throws(JSONataError) -> Value {
        guard let target = node.lhs else { return .undefined }
        let procedure = try evaluate(target, input, frame)
        if procedure.isUndefined { try checkForgottenSign(target, "T1005", node, frame) }
        var arguments: [Value] = []
        arguments.reserveCapacity(node.nodes.count + 1)
        if let applied { arguments.append(applied) }
        for argument in node.nodes { arguments.append(try evaluate(argument, input, frame)) }
        do throws(JSONataError) {
            return try apply(procedure, arguments, input, frame)
        } catch {
            var located = error
            if located.position < 0 { located.position = node.position }
            if located.token == nil { located.token = Self.procedureName(target) }
            throw located
        }
    }

    private static func procedureName(_ target: Node) -> String {
        target.kind == .path ? target.nodes.first?.text ?? "" : target.text
    }

    /// A name that is a function's without its `$`.
    private func checkForgottenSign(
        _ target: Node, _ code: String, _ node: Node, _ frame: Frame
    ) throws(JSONataError) {
        guard target.kind == .path, let name = target.nodes.first?.text,
            !frame.lookup(name).isUndefined
        else { return }
        throw JSONataError(code, position: node.position, token: name)
    }

    /// Calls a function; calls in tail position come back as thunks and are run here, in a loop.
    func apply(
        _ procedure: Value, _ arguments: [Value], _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        var result = try applyOnce(procedure, arguments, input, frame)
        while case .function(let function) = result, case .lambda(let thunk) = function.kind,
            thunk.isThunk, case .expression(let call) = thunk.body, let target = call.lhs
        {
            let next = try evaluate(target, thunk.input, thunk.frame)
            var arguments: [Value] = []
            for argument in call.nodes {
                arguments.append(try evaluate(argument, thunk.input, thunk.frame))
            }
            do throws(JSONataError) {
                result = try applyOnce(next, arguments, input, frame)
            } catch {
                var located = error
                if located.token == nil, target.kind == .variable { located.token = target.text }
                if located.position < 0 { located.position = target.position }
                throw located
            }
        }
        return result
    }

    private func applyOnce(
        _ procedure: Value, _ arguments: [Value], _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        try enterCall()
        defer { leaveCall() }
        guard case .function(let function) = procedure else { throw JSONataError("T1006") }
        let valid =
            try function.signature?.validate(arguments, context: input, self) ?? arguments
        switch function.kind {
        case .lambda(let lambda): return try call(lambda, valid)
        case .native(let native):
            let checked = try native.signature?.validate(arguments, context: input, self) ?? valid
            return try native.body(self, checked, CallContext(input: input, frame: frame))
        case .closure(let closure): return try closure.body(self, valid)
        case .regex(let regex, let position):
            guard let text = valid.first.flatMap({ string(of: $0) }) else { return .undefined }
            // The second argument is where to begin: higher-order functions give the index.
            let start = valid.dropFirst().first.flatMap { number(of: $0) } ?? 0
            return try matcherResult(regex, text, position, from: start)
        }
    }

    private func call(
        _ lambda: FunctionBox.Lambda, _ arguments: [Value]
    ) throws(JSONataError) -> Value {
        let frame = Frame(lambda.frame)
        for (place, name) in lambda.parameters.enumerated() {
            frame.bind(name, place < arguments.count ? arguments[place] : .undefined)
        }
        switch lambda.body {
        case .expression(let node): return try evaluate(node, lambda.input, frame)
        case .native(let native, let parameters):
            let all = parameters.map { frame.lookup($0) }
            return try native.body(self, all, CallContext(input: .undefined, frame: frame))
        }
    }

    /// Calls `function` with as many of the arguments as it has parameters.
    func call(
        _ function: Value, fitting arguments: [Value], _ context: CallContext
    ) throws(JSONataError) -> Value {
        let arity = self.function(of: function)?.arity ?? 1
        return try apply(
            function, Array(arguments.prefix(max(1, arity))), .null, context.frame)
    }

    /// `f(?, 2)`: a function of the parameters that are left open.
    func evaluatePartial(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard let target = node.lhs else { return .undefined }
        var arguments: [Value?] = []
        for argument in node.nodes {
            if argument.kind == .operatorToken, argument.text == "?" {
                arguments.append(nil)
            } else {
                arguments.append(try evaluate(argument, input, frame))
            }
        }
        let procedure = try evaluate(target, input, frame)
        if procedure.isUndefined { try checkForgottenSign(target, "T1007", node, frame) }
        guard case .function(let function) = procedure else {
            throw JSONataError(
                "T1008", position: node.position, token: Self.procedureName(target))
        }
        switch function.kind {
        case .lambda(let lambda):
            return bindPartially(
                parameters: lambda.parameters, arguments, lambda.frame, lambda.body, lambda.input)
        case .native(let native):
            // The reference writes the parameters of a function out as source, and `$string` is
            // declared there with a default value, which that source cannot have.
            if native.name == "string" {
                throw JSONataError("S0208", position: node.position, token: native.name)
            }
            let parameters = (0..<native.arity).map { "\u{1}\($0)" }
            return bindPartially(
                parameters: parameters, arguments, frame,
                .native(native, parameters: parameters), .undefined)
        case .closure, .regex: return procedure
        }
    }

    private func bindPartially(
        parameters: [String], _ arguments: [Value?], _ frame: Frame,
        _ body: FunctionBox.LambdaBody, _ input: Value
    ) -> Value {
        let inner = Frame(frame)
        var open: [String] = []
        for (place, name) in parameters.enumerated() {
            if place < arguments.count, arguments[place] == nil {
                open.append(name)
            } else {
                inner.bind(
                    name, place < arguments.count ? arguments[place] ?? .undefined : .undefined)
            }
        }
        return .function(
            FunctionBox(
                .lambda(
                    FunctionBox.Lambda(
                        parameters: open, body: body, input: input, frame: inner, isThunk: false))))
    }

    /// `a ~> f`: calls f with a; with a function on both sides, the two one after the other.
    func evaluateApply(
        _ node: Node, _ input: Value, _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard let first = node.lhs, let second = node.rhs else { return .undefined }
        let left = try evaluate(first, input, frame)
        if second.kind == .function {
            let result = try evaluateCall(second, input, frame, applied: left)
            return result
        }
        let right = try evaluate(second, input, frame)
        guard case .function = right else {
            throw JSONataError("T2006", position: node.position, value: right.plainText)
        }
        if case .function = left {
            let chain = FunctionBox.Closure(arity: 1) {
                (evaluator, arguments) throws(JSONataError) in
                let inner = try evaluator.apply(left, arguments, .null, frame)
                return try evaluator.apply(right, [inner], .null, frame)
            }
            return .function(FunctionBox(.closure(chain)))
        }
        // A function that is applied without being called has null for its context.
        return try apply(right, [left], .null, frame)
    }

    /// `|pattern|update, delete|`: a function that gives a changed copy of its argument.
    func evaluateTransform(_ node: Node, _ frame: Frame) -> Value {
        let transform = FunctionBox.Closure(arity: 1) {
            (evaluator, arguments) throws(JSONataError) in
            try evaluator.transform(arguments.first ?? .undefined, node, frame)
        }
        return .function(FunctionBox(.closure(transform), signature: try? Signature("<(oa):o>")))
    }
}
