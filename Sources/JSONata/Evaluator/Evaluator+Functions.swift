internal import JSON

extension Evaluator {
    mutating func evaluateLambda(_ place: Int32, _ input: Value, _ frame: Int32) -> Value {
        let node = code.nodes[Int(place)]
        guard node.rhs >= 0 else { return .undefined }
        if node.flags.contains(.isThunk) {
            thunks.append(Thunk(node: node.rhs, input: input, frame: frame))
            return .thunk(Int32(truncatingIfNeeded: thunks.count - 1))
        }
        return makeFunction(.lambda(node: place, input: input, frame: frame))
    }

    /// `procedure(arguments)`; `applied` is the left side of `~>`, which comes first.
    mutating func evaluateCall(
        _ place: Int32, _ input: Value, _ frame: Int32, applied: Value?
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        guard node.lhs >= 0 else { return .undefined }
        let target = code.nodes[Int(node.lhs)]
        let procedure: Value
        if target.flags.isSuperset(of: [.isFree, .hasPlainResult]), !hasBindings {
            try step()
            procedure = target.literal
        } else {
            procedure = try evaluate(node.lhs, input, frame)
        }
        if procedure.isUndefined { try checkForgottenSign("T1005", place, frame) }
        let base = stack.count
        if let applied { stack.append(applied) }
        for entry in node.list.range {
            let value = try evaluate(code.lists[entry], input, frame)
            stack.append(value)
        }
        let result: Value
        do throws(JSONataError) {
            let arguments = Arguments(base: base, count: stack.count - base)
            if case .function(let function) = procedure, function < 0 {
                // No call in tail position comes back from it, and it makes no frames itself.
                try enterCall()
                result = try callNative(Int(-1 - function), arguments, input, frame)
                leaveCall()
            } else {
                result = try apply(procedure, arguments, input, frame)
            }
        } catch {
            var located = error
            if located.position < 0 { located.position = Int(node.position) }
            if located.token == nil { located.token = procedureName(node.lhs) }
            throw located
        }
        stack.truncate(to: base)
        return result
    }

    private func procedureName(_ target: Int32) -> String {
        let node = code.nodes[Int(target)]
        if node.kind == .path {
            return node.list.count > 0
                ? code.token(code.nodes[Int(code.lists[node.list.range.lowerBound])]) : ""
        }
        return code.token(node)
    }

    /// A name that is a function's without its `$`.
    private func checkForgottenSign(
        _ code: String, _ place: Int32, _ frame: Int32
    ) throws(JSONataError) {
        let node = self.code.nodes[Int(place)]
        guard self.code.nodes[Int(node.lhs)].kind == .path else { return }
        let name = procedureName(node.lhs)
        let bound = self.code.existing(name).flatMap { lookupVariable($0, frame) }
        guard !(bound ?? functions.value(name)).isUndefined else { return }
        throw JSONataError(code, position: Int(node.position), token: name)
    }

    /// Calls a function; calls in tail position come back as thunks and are run here, in a loop.
    mutating func apply(
        _ procedure: Value, _ arguments: Arguments, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let marks = markFrames()
        var arguments = arguments
        var result = try applyOnce(procedure, arguments, input, frame)
        while case .thunk(let place) = result {
            let thunk = thunks[Int(place)]
            let call = code.nodes[Int(thunk.node)]
            let next = try evaluate(call.lhs, thunk.input, thunk.frame)
            let base = stack.count
            for entry in call.list.range {
                let value = try evaluate(code.lists[entry], thunk.input, thunk.frame)
                stack.append(value)
            }
            // The arguments of the call that made this one are used up.
            let count = stack.count - base
            for place in 0..<count { stack[arguments.base + place] = stack[base + place] }
            stack.truncate(to: arguments.base + count)
            arguments.count = count
            if Int(place) == thunks.count - 1 { thunks.truncate(to: Int(place)) }
            reuseFrames(since: marks)
            do throws(JSONataError) {
                result = try applyOnce(next, arguments, input, frame)
            } catch {
                let target = code.nodes[Int(call.lhs)]
                var located = error
                if located.token == nil, target.kind == .variable {
                    located.token = code.token(target)
                }
                if located.position < 0 { located.position = Int(target.position) }
                throw located
            }
        }
        releaseFrames(to: marks)
        return result
    }

    private mutating func applyOnce(
        _ procedure: Value, _ arguments: Arguments, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        try enterCall()
        let result = try call(procedure, arguments, input, frame)
        leaveCall()
        return result
    }

    private mutating func call(
        _ procedure: Value, _ arguments: Arguments, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        guard case .function(let function) = procedure else { throw JSONataError("T1006") }
        if function < 0 { return try callNative(Int(-1 - function), arguments, input, frame) }
        switch made[Int(function)] {
        case .lambda(let place, let context, let outer):
            let node = code.nodes[Int(place)]
            var valid = arguments
            if node.detail >= 0, let signature = code.details[Int(node.detail)].signature {
                valid = try signature.validate(arguments, context: input, &self)
            }
            let inner = makeFrame(outer)
            for (place, entry) in node.list.range.enumerated() {
                bind(code.lists[entry], argument(valid, place), inner)
            }
            return try evaluate(node.rhs, context, inner)
        case .partial(let partial):
            let inner = makeFrame(partial.frame)
            for (place, name) in partial.open.enumerated() {
                bind(name, argument(arguments, place), inner)
            }
            switch partial.body {
            case .node(let place): return try evaluate(place, partial.input, inner)
            case .native(let native, let parameters):
                let base = stack.count
                for name in parameters { stack.append(lookupVariable(name, inner) ?? .undefined) }
                return try native.body(
                    &self, Arguments(base: base, count: parameters.count),
                    CallContext(input: .undefined, frame: inner))
            }
        case .closure(let closure, let signature):
            let valid = try signature?.validate(arguments, context: input, &self) ?? arguments
            return try closure.body(&self, valid)
        case .regex(let regex, let position):
            guard let text = string(of: argument(arguments, 0)) else { return .undefined }
            // The second argument is where to begin: higher-order functions give the index.
            let start = number(of: argument(arguments, 1)) ?? 0
            return try matcherResult(regex, text, position, from: start)
        }
    }

    private mutating func callNative(
        _ place: Int, _ arguments: Arguments, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        var valid = arguments
        if !functions.shapes[place].fit(arguments, self),
            let signature = functions.natives[place].signature
        {
            valid = try signature.validate(arguments, context: input, &self)
        }
        return try functions.bodies[place].call(
            &self, valid, CallContext(input: input, frame: frame))
    }

    /// An argument, undefined when it is not given.
    @inline(__always) func argument(_ arguments: Arguments, _ place: Int) -> Value {
        place < arguments.count ? stack[arguments.base + place] : .undefined
    }

    /// Calls `function` with these arguments. A function that is applied without being called in the
    /// expression has null for its context.
    mutating func apply(
        _ function: Value, to values: [Value], _ frame: Int32
    ) throws(JSONataError) -> Value {
        let base = stack.count
        for value in values { stack.append(value) }
        let result = try apply(
            function, Arguments(base: base, count: stack.count - base), .null, frame)
        stack.truncate(to: base)
        return result
    }

    /// Calls `function` with as many of the arguments as it has parameters.
    mutating func call(
        _ function: Value, _ frame: Int32, fitting first: Value, _ second: Value,
        _ third: Value, _ fourth: Value? = nil
    ) throws(JSONataError) -> Value {
        let count = max(1, arity(of: function) ?? 1)
        let base = stack.count
        stack.append(first)
        if count > 1 { stack.append(second) }
        if count > 2 { stack.append(third) }
        if count > 3, let fourth { stack.append(fourth) }
        let result = try apply(
            function, Arguments(base: base, count: stack.count - base), .null, frame)
        stack.truncate(to: base)
        return result
    }

    /// `f(?, 2)`: a function of the parameters that are left open.
    mutating func evaluatePartial(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        guard node.lhs >= 0 else { return .undefined }
        var arguments: [Value?] = []
        for entry in node.list.range {
            let argument = code.lists[entry]
            if code.nodes[Int(argument)].flags.contains(.isPlaceholder) {
                arguments.append(nil)
            } else {
                arguments.append(try evaluate(argument, input, frame))
            }
        }
        let procedure = try evaluate(node.lhs, input, frame)
        if procedure.isUndefined { try checkForgottenSign("T1007", place, frame) }
        guard case .function(let function) = procedure else {
            throw JSONataError(
                "T1008", position: Int(node.position), token: procedureName(node.lhs))
        }
        if function < 0 {
            let native = functions.natives[Int(-1 - function)]
            // The reference writes the parameters of a function out as source, and `$string` is
            // declared there with a default value, which that source cannot have.
            if native.name == "string" {
                throw JSONataError("S0208", position: Int(node.position), token: native.name)
            }
            let parameters = (0..<native.arity).map { code.name("\u{1}\($0)") }
            return bindPartially(
                parameters, arguments, frame, .native(native, parameters: parameters), .undefined)
        }
        switch made[Int(function)] {
        case .lambda(let place, let context, let outer):
            let lambda = code.nodes[Int(place)]
            return bindPartially(
                Array(code.lists[lambda.list.range]), arguments, outer, .node(lambda.rhs), context)
        case .partial(let partial):
            return bindPartially(
                partial.open, arguments, partial.frame, partial.body, partial.input)
        case .closure, .regex: return procedure
        }
    }

    private mutating func bindPartially(
        _ parameters: [Int32], _ arguments: [Value?], _ frame: Int32,
        _ body: PartialFunction.Body, _ input: Value
    ) -> Value {
        let inner = makeFrame(frame)
        var open: [Int32] = []
        for (place, name) in parameters.enumerated() {
            if place < arguments.count, arguments[place] == nil {
                open.append(name)
            } else {
                bind(
                    name, place < arguments.count ? arguments[place] ?? .undefined : .undefined,
                    inner)
            }
        }
        return makeFunction(
            .partial(PartialFunction(open: open, body: body, input: input, frame: inner)))
    }

    /// `a ~> f`: calls f with a; with a function on both sides, the two one after the other.
    mutating func evaluateApply(
        _ place: Int32, _ input: Value, _ frame: Int32
    ) throws(JSONataError) -> Value {
        let node = code.nodes[Int(place)]
        guard node.lhs >= 0, node.rhs >= 0 else { return .undefined }
        let left = try evaluate(node.lhs, input, frame)
        if code.nodes[Int(node.rhs)].kind == .function {
            return try evaluateCall(node.rhs, input, frame, applied: left)
        }
        let right = try evaluate(node.rhs, input, frame)
        guard kind(of: right) == .function else {
            throw JSONataError(
                "T2006", position: Int(node.position), value: plainText(right))
        }
        if kind(of: left) == .function {
            let chain = Closure(arity: 1) { (evaluator, arguments) throws(JSONataError) in
                // A chain has one parameter; what else it is given is dropped.
                let first = evaluator.argument(arguments, 0)
                let inner = try evaluator.apply(left, to: [first], frame)
                return try evaluator.apply(right, to: [inner], frame)
            }
            return makeFunction(.closure(chain, signature: nil))
        }
        return try apply(right, to: [left], frame)
    }

    /// `|pattern|update, delete|`: a function that gives a changed copy of its argument.
    mutating func evaluateTransform(_ place: Int32, _ frame: Int32) -> Value {
        let transform = Closure(arity: 1) { (evaluator, arguments) throws(JSONataError) in
            try evaluator.transform(evaluator.argument(arguments, 0), place, frame)
        }
        return makeFunction(.closure(transform, signature: Signature.transform))
    }
}

extension Signature {
    /// That of the function which a transform is.
    static let transform = try? Signature("<(oa):o>")
}
