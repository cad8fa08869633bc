@testable import Envelope
@testable import KeyProcess

/// Messages between the mount's process and the key process.
let messageTargets: [FuzzTarget] = [
    FuzzTarget(name: "key-request") { bytes in
        // A descriptor comes with some.
        let request = try bytes.withUnsafeBytes { try (try? KeyRequest($0, with: 3)) ?? KeyRequest($0) }
        check(try written(request.write) == bytes, "a request that is written otherwise")
    },
    FuzzTarget(name: "key-response") { bytes in
        let response = try bytes.withUnsafeBytes { try KeyResponse($0) }
        check(try written(response.write) == bytes, "an answer that is written otherwise")
    },
]

/// The bytes that a message writes.
private func written(_ write: (UnsafeMutableRawBufferPointer) throws(MessageError) -> Int) throws -> [UInt8] {
    let buffer = SecretBuffer(count: KeyRequest.largestSize)
    return Array(buffer.bytes.prefix(try write(buffer.bytes)))
}
