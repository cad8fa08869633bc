import CLinux
import Foundation
import Glibc
import Support

/// Whether the tests that mount can run.
public enum KernelSupport {
    /// Why tests are skipped; said aloud.
    public static let reason = "there is no /dev/fuse, so nothing can be mounted"

    /// Whether nothing may be left out.
    public static let isInCI = ProcessInfo.processInfo.environment["CI"]?.isEmpty == false

    /// Whether there is FUSE, or its lack is to be a failure: where the environment has CI, nothing is skipped.
    public static let isExpected: Bool = {
        if access("/dev/fuse", F_OK) == 0 { return true }
        if isInCI { return true }
        print("SKIPPED: \(reason); the tests through a mount are not run")
        return false
    }()

    /// Whether processes can be confined with Landlock; said aloud where they can't.
    public static let hasLandlock: Bool = {
        if twiliofs_landlock_version() > 0, !Sanitizer.isPresent { return true }
        print("SKIPPED: the kernel has no Landlock, or the program a sanitizer; confined processes are not tested")
        return false
    }()
}
