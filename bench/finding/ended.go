package finding

import "github.com/poolbench/poolbench/bench/trial"

// ServerEnded is the code of [Ended].
const ServerEnded = "server-ended"

// Ended is the finding of a trial in which the server's process ended by itself, with what it left behind. Such a trial
// was not measured to its end, so that whoever measures says it, and no rule. The trial cannot be used, and yet the finding does
// not make it invalid: the server's own end is nothing that measuring again would mend.
func Ended(why error) trial.Finding { return trial.Finding{Code: ServerEnded, Text: why.Error()} }
