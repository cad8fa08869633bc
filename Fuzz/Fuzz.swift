import Foundation

/// The target that `FUZZ_TARGET` in the environment names.
private let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    if let target = FuzzTarget.all.first(where: { $0.name == name }) { return target }
    // `scripts/fuzz` reads the list.
    print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
    // Past libFuzzer, which takes an orderly exit for a target's failure.
    fflush(nil)
    _exit(name.isEmpty ? EXIT_SUCCESS : EXIT_FAILURE)
}()

/// Takes one input: what libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        // Refused: that is what it may be. Errors are shown to people, so they have to have a text.
        check(!"\(error)".isEmpty, "an error says nothing")
    }
    return 0
}
