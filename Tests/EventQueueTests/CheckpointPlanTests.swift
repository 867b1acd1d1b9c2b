import Testing

@testable import EventQueue

@Suite struct CheckpointPlanTests {
    /// The steps of a log that grows by so many pages a commit, each copy done at the next commit.
    private func steps(
        _ plan: inout CheckpointPlan, by growth: Int, to pages: Int
    ) -> [(pages: Int, step: CheckpointPlan.Step)] {
        var steps: [(pages: Int, step: CheckpointPlan.Step)] = []
        for length in stride(from: growth, through: pages, by: growth) {
            let step = plan.committed(pages: length)
            if step != .none { steps.append((length, step)) }
            if step == .copy { plan.copied(pages: length) }
        }
        return steps
    }

    @Test func `a log is copied in sixteen parts, and what is left is copied once it is long`() {
        var plan = CheckpointPlan(longPages: 1600)
        let steps = steps(&plan, by: 10, to: 1610)
        #expect(steps.dropLast().map(\.pages) == Array(stride(from: 100, through: 1600, by: 100)))
        #expect(steps.dropLast().allSatisfy { $0.step == .copy })
        #expect(steps.last?.pages == 1610)
        #expect(steps.last?.step == .finish)
    }

    @Test func `one page fewer than a part is not copied`() {
        var plan = CheckpointPlan(longPages: 1600)
        for pages in [10, 20, 30, 99] { #expect(plan.committed(pages: pages) == .none) }
        #expect(plan.committed(pages: 100) == .copy)
    }

    @Test(arguments: [(1599, CheckpointPlan.Step.none), (1600, .finish)])
    func `a log is long at its length, not one page before`(
        pages: Int, next: CheckpointPlan.Step
    ) {
        var plan = CheckpointPlan(longPages: 1600)
        for pages in [100, 500, 900, 1499] { _ = plan.committed(pages: pages) }
        plan.copied(pages: 1499)
        for pages in [1520, 1540, 1560] { #expect(plan.committed(pages: pages) == .none) }
        #expect(plan.committed(pages: pages) == .copy)
        plan.copied(pages: pages)
        #expect(plan.committed(pages: pages + 1) == next)
    }

    @Test func `between two copies lie four commits at least, however large`() {
        var plan = CheckpointPlan(longPages: 1600)
        let steps = steps(&plan, by: 150, to: 1500)
        #expect(steps.map(\.pages) == [600, 1200])
    }

    @Test func `while a copy is under way no other begins, and nothing is finished`() {
        var plan = CheckpointPlan(longPages: 16)
        var began: [Int] = []
        for pages in 1...100 where plan.committed(pages: pages) != .none { began.append(pages) }
        #expect(began == [4])
        plan.copied(pages: 4)
        // What was copied ended at page 4: the end is a long way off.
        #expect(plan.committed(pages: 101) == .copy)
        plan.copied(pages: 101)
        #expect(plan.committed(pages: 102) == .finish)
    }

    @Test func `what a reader kept from being copied is no commit's to copy`() {
        var plan = CheckpointPlan(longPages: 160)
        for _ in 0..<3 { #expect(plan.committed(pages: 1) == .none) }
        #expect(plan.committed(pages: 200) == .copy)
        // The reader let 100 pages be copied, and then somebody else was at it.
        plan.copied(pages: 100)
        for _ in 0..<3 { #expect(plan.committed(pages: 201) == .none) }
        #expect(plan.committed(pages: 210) == .copy)
        plan.copied(pages: nil)
        #expect(plan.committed(pages: 211) == .none)
        for _ in 0..<2 { #expect(plan.committed(pages: 212) == .none) }
        #expect(plan.committed(pages: 220) == .copy)
        plan.copied(pages: 220)
        #expect(plan.committed(pages: 221) == .finish)
    }

    @Test(arguments: [
        (40, CheckpointPlan.Step.finish), (41, .copy), (479, .copy), (480, .finish),
    ])
    func `a commit copies four parts at most, unless the log is four times too long`(
        meanwhile: Int, next: CheckpointPlan.Step
    ) {
        var plan = CheckpointPlan(longPages: 160)
        for _ in 0..<3 { #expect(plan.committed(pages: 1) == .none) }
        #expect(plan.committed(pages: 160) == .copy)
        for _ in 0..<4 { #expect(plan.committed(pages: 161) == .none) }
        plan.copied(pages: 160)
        #expect(plan.committed(pages: 160 + meanwhile) == next)
    }

    @Test func `a log that began anew is copied from its start`() {
        var plan = CheckpointPlan(longPages: 1600)
        #expect(steps(&plan, by: 10, to: 1610).last?.step == .finish)
        let again = steps(&plan, by: 10, to: 200)
        #expect(again.map(\.pages) == [100, 200])
        #expect(again.allSatisfy { $0.step == .copy })
    }

    @Test func `a log that a reader holds is tried again a part later, not with every commit`() {
        var plan = CheckpointPlan(longPages: 160)
        let steps = steps(&plan, by: 1, to: 200).filter { $0.step == .finish }
        // It goes on growing: nobody was able to begin it anew.
        #expect(steps.map(\.pages) == [161, 171, 181, 191])
    }

    @Test(arguments: [0, 1, 15])
    func `the shortest of logs are copied and finished as well`(long: Int) {
        var plan = CheckpointPlan(longPages: long)
        let steps = steps(&plan, by: 5, to: 100)
        #expect(steps.contains { $0.step == .copy })
        #expect(steps.contains { $0.step == .finish })
    }
}
