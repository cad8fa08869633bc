import Foundation
import Support

/// The kernel's files about a process (proc(5)).
public struct ProcessFiles: Sendable {
    private let folder: String

    /// The files about a process, which may end at any moment.
    public init(_ processID: Int32) {
        folder = "/proc/\(processID)"
    }

    /// The text of a file, `environ` for instance; nil when the process has ended.
    public func text(_ name: String) -> String? {
        KernelFile.text(of: "\(folder)/\(name)")
    }

    /// The value of a field of `status`, `VmHWM` for instance; nil when the process has ended.
    public func status(_ field: String) -> String? {
        text("status")?.split(separator: "\n").first { $0.hasPrefix("\(field):") }
            .map { $0.dropFirst(field.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// The names of its threads.
    public var threads: [String] {
        names("task").compactMap { text("task/\($0)/comm")?.trimmingCharacters(in: .newlines) }
    }

    /// The targets of its descriptors, by number.
    public var descriptors: [Int: String] {
        let pairs = names("fd").compactMap { name -> (Int, String)? in
            guard let number = Int(name),
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/fd/\(name)")
            else { return nil }
            return (number, target)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private func names(_ name: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")) ?? []
    }
}
