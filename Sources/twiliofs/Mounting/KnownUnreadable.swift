import Envelope
import FileTree
import Threading
import TwilioAPI

/// What is known before mounting of recordings that can't be read, since an earlier mount has listed them.
enum KnownUnreadable {
    /// How long it may take to count them; a million recordings take a tenth of it.
    private static let patience = Duration.seconds(1)

    /// A sentence for each requirement that certainly isn't held: without trying a key, and without the network.
    ///
    /// - Parameters:
    ///   - branches: the accounts; where there are several, each sentence names its own.
    ///   - isHidden: whether what can't be read is left out of the directories.
    static func sentences(of branches: [Branch], keys: KeyRing, isHidden: Bool) -> [String] {
        let answer = Condition<[String]?>(nil)
        // Left behind when it takes longer: the log will say the same later.
        let thread = try? NamedThread(name: "unreadable") {
            let sentences = branches.flatMap { branch in
                Readability.Unreadable.forCertain(in: branch, isHidden: isHidden) { sid, kind in
                    keys.mayHold(publicKeySID: sid?.description, use: kind == .voiceRecording ? .voice : .video)
                }.map { branches.count > 1 ? "\(branch.account): \($0.sentence)" : $0.sentence }
            }
            answer.change { $0 = sentences }
        }
        guard thread != nil else { return [] }
        return answer.wait(timeout: patience) { $0 } ?? []
    }
}
