package view_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/poolbench/poolbench/bench/view"
)

// A handler for a folder of runs, here asked by a page that had its own name resolved to this machine.
func ExampleNew() {
	request := httptest.NewRequest(http.MethodGet, "http://evil.example/", nil)
	answer := httptest.NewRecorder()
	view.New("results").ServeHTTP(answer, request)
	fmt.Println(answer.Code, http.StatusText(answer.Code))
	// Output: 421 Misdirected Request
}
