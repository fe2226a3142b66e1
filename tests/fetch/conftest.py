# SPDX-License-Identifier: Apache-2.0
from fetch_ground import *  # noqa: F403: the fixtures
