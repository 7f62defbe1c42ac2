// Sleep waits as sleep(1) does. The preStop hook of a plain container runs it where Kubernetes has
// no sleep of its own, because the agent's image has no other program.
package main

import (
	"os"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) == 2 {
		if seconds, err := strconv.ParseUint(os.Args[1], 10, 31); err == nil {
			time.Sleep(time.Duration(seconds) * time.Second)
			return
		}
	}
	os.Stderr.WriteString("usage: sleep SECONDS (a whole number)\n")
	os.Exit(1)
}
