// SPDX-License-Identifier: Apache-2.0
export const getName = () => 'js';
export const getDescription = () => 'Answers its input.';
export const execute = (input) => input;
