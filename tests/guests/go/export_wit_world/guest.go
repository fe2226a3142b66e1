// SPDX-License-Identifier: Apache-2.0

// Package export_wit_world is the guest in Go. An input is a verb and its argument; what is returned as Err is the skill's own error.
package export_wit_world

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	wit "go.bytecodealliance.org/pkg/wit/types"
	host "wit_component/boternity_skill_host"
	world "wit_component/wit_world"
)

type Answer = wit.Result[string, string]

func ok(text string) Answer { return wit.Ok[string, string](text) }

func fail(text string) Answer { return wit.Err[string, string](text) }

// What a refused attempt at the system looks like: an ordinary error of os, given back as an answer.
func tried(text string, err error) Answer {
	var number syscall.Errno
	if errors.As(err, &number) {
		return ok(number.Error())
	}
	return ok(text)
}

func read(path string) Answer {
	text, err := os.ReadFile(path)
	return tried(string(text), err)
}

func list(path string) Answer {
	entries, err := os.ReadDir(path)
	return tried(fmt.Sprint(len(entries)), err)
}

func hog() Answer {
	var kept [][]byte
	for {
		kept = append(kept, make([]byte, 1<<20))
	}
}

// Garbage many times the memory of a call: there is an answer only if the collector runs, and it runs at answers of the host too.
func churn() Answer {
	for n := range 300 {
		host.Log("debug", strings.Repeat("x", 1<<20)[:n])
		host.GetContext()
	}
	return ok("done")
}

func deep(n int) int {
	if n < 0 {
		return 0
	}
	return deep(n+1) + n
}

func Execute(input string) Answer {
	verb, argument, _ := strings.Cut(input, " ")
	switch verb {
	case "echo":
		return ok(argument)
	case "upper":
		host.Log("info", fmt.Sprintf("upper of %d", len(argument)))
		return ok(strings.ToUpper(argument))
	case "context":
		context := host.GetContext()
		return ok(fmt.Sprintf("%s %d", context.SkillName, len(context.InvocationId)))
	case "fetch":
		return host.HttpGet(argument)
	case "fail":
		return fail(argument)
	case "panic":
		panic(argument)
	case "say":
		fmt.Fprintln(os.Stderr, argument)
		return ok("said")
	case "read":
		return read(argument)
	case "write":
		return tried("written", os.WriteFile(argument, []byte("x"), 0o600))
	case "list":
		return list(argument)
	case "env":
		return ok(fmt.Sprint(len(os.Environ())))
	case "clock":
		return ok(fmt.Sprint(time.Now().Unix()))
	case "random":
		return ok(rand.Text())
	case "spin":
		for {
		}
	case "hog":
		return hog()
	case "churn":
		return churn()
	case "deep":
		return ok(fmt.Sprint(deep(0)))
	}
	return fail("no verb " + verb)
}

func GetName() string { return "guest" }

func GetDescription() string { return "Does what its input says." }

func Measure(text string) wit.Result[world.Report, string] {
	report := world.Report{}
	for _, word := range strings.Split(text, " ") {
		if word == "" {
			continue
		}
		report.Words++
		if len(word) > len(report.Longest) {
			report.Longest = word
		}
	}
	if report.Words == 0 {
		return wit.Err[world.Report, string]("there are no words")
	}
	return wit.Ok[world.Report, string](report)
}
